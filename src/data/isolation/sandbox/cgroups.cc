#include "data/isolation/detail/cgroups.h"

#include <fmt/format.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace weft::isolation {

namespace {

constexpr std::string_view kPrefix = "weft-";

bool write_file(const std::string& path, std::string_view text) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool ok = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int saved = errno;
    close(fd);
    errno = saved;
    return ok;
}

std::string read_file(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// The number behind `key ` in a flat keyed file.
std::uint64_t number_at(const std::string& text, std::string_view key) {
    std::istringstream in(text);
    std::string name;
    std::uint64_t value = 0;
    while (in >> name >> value) {
        if (name == key) return value;
    }
    return 0;
}

bool has_word(std::string_view list, std::string_view word) {
    std::istringstream in{std::string(list)};
    for (std::string each; in >> each;) {
        if (each == word) return true;
    }
    return false;
}

struct Hierarchy {
    std::string mount;
    std::string own;  // our own group in it
    std::string folder() const { return own == "/" ? mount : mount + own; }
};

/// Where the hierarchy is mounted and which group we are in. `controller` empty = version 2.
std::optional<Hierarchy> find_hierarchy(std::string_view controller) {
    Hierarchy found;
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream in(line);
        std::string device, point, type, options;
        in >> device >> point >> type >> options;
        const bool is_wanted =
            controller.empty()
                ? type == "cgroup2"
                : type == "cgroup" &&
                      ("," + options + ",").find(fmt::format(",{},", controller)) != std::string::npos;
        if (is_wanted) found.mount = point;
    }
    if (found.mount.empty()) return std::nullopt;
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
        const bool is_wanted = controller.empty()
                                   ? names == ",,"
                                   : names.find(fmt::format(",{},", controller)) != std::string::npos;
        if (is_wanted) found.own = line.substr(second + 1);
    }
    if (found.own.empty()) return std::nullopt;
    // In a container the path may be the host's while the mount shows our part only.
    if (access(found.folder().c_str(), F_OK) != 0) found.own = "/";
    return found;
}

std::string start_time(pid_t pid) {
    const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
    const std::size_t end = stat.rfind(')');
    if (end == std::string::npos) return {};
    std::istringstream in(stat.substr(end + 1));
    std::string field;
    for (int i = 0; i < 20; ++i) in >> field;  // field 22 of the line
    return field;
}

void kill_members(const std::string& folder) {
    write_file(folder + "/cgroup.kill", "1");
    std::ifstream in(folder + "/cgroup.procs");
    for (pid_t pid = 0; in >> pid;) kill(pid, SIGKILL);
}

/// A group empties a moment after its last process was reaped.
void remove_folder(const std::string& folder) {
    for (int attempt = 0; attempt < 50; ++attempt) {
        if (rmdir(folder.c_str()) == 0 || errno == ENOENT) return;
        poll(nullptr, 0, 1);  // at start, at the end, or on a pool thread: never on the loop
    }
}

void remove_tree(const std::string& root) {
    if (DIR* dir = opendir(root.c_str())) {
        while (dirent* entry = readdir(dir)) {
            if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
            const std::string folder = root + "/" + entry->d_name;
            kill_members(folder);
            remove_folder(folder);
        }
        closedir(dir);
    }
    remove_folder(root);
}

/// Removes the trees of workers that are gone: weft-<pid>-<start time>.
void sweep(const std::string& parent) {
    DIR* dir = opendir(parent.c_str());
    if (!dir) return;
    std::vector<std::string> dead;
    while (dirent* entry = readdir(dir)) {
        const std::string_view name = entry->d_name;
        if (!name.starts_with(kPrefix)) continue;
        pid_t pid = 0;
        const char* end = name.data() + name.size();
        auto [at, ec] = std::from_chars(name.data() + kPrefix.size(), end, pid);
        if (ec != std::errc() || at == end || *at != '-') continue;
        if (start_time(pid) != std::string(at + 1, end)) dead.push_back(parent + "/" + std::string(name));
    }
    closedir(dir);
    for (const auto& root : dead) remove_tree(root);
}

Error missing(std::string_view what) {
    return Error::unavailable(fmt::format("cgroups: {} ({})", what, std::strerror(errno)));
}

/// Version 2 allows limits below a group only if that group holds no process itself (the root excepted).
Result<> delegate(const std::string& folder) {
    const std::string control = folder + "/cgroup.subtree_control";
    if (write_file(control, "+memory +pids")) return {};
    if (errno != EBUSY) return fail(missing("cannot hand controllers to " + folder));
    const std::string leaf = folder + "/weft-main";
    if (mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) return fail(missing("cannot make " + leaf));
    std::ifstream in(folder + "/cgroup.procs");
    for (std::string pid; in >> pid;) write_file(leaf + "/cgroup.procs", pid);
    if (!write_file(control, "+memory +pids")) return fail(missing("cannot hand controllers to " + folder));
    return {};
}

Result<> make_folder(const std::string& path, const Options& options) {
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return fail(missing("cannot make " + path));
    if (options.owner_uid != 0 && chown(path.c_str(), options.owner_uid, options.owner_gid) != 0)
        return fail(missing("cannot give away " + path));
    return {};
}

}  // namespace

Cgroup::Cgroup(Cgroup&& other) noexcept {
    *this = std::move(other);
}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
    std::swap(folders_, other.folders_);
    std::swap(memory_folder_, other.memory_folder_);
    std::swap(is_v2_, other.is_v2_);
    return *this;
}

Cgroup::~Cgroup() {
    remove();
}

void Cgroup::remove() {
    for (const auto& folder : folders_) remove_folder(folder);
    folders_.clear();
}

std::uint64_t Cgroup::oom_kills() const {
    if (!exists()) return 0;
    return number_at(
        read_file(memory_folder_ + (is_v2_ ? "/memory.events" : "/memory.oom_control")), "oom_kill"
    );
}

Result<CgroupTree> CgroupTree::make(const Options& options) {
    CgroupTree tree;
    const std::string& name = options.cgroup_name;
    const std::string own =
        name.empty() ? fmt::format("{}{}-{}", kPrefix, getpid(), start_time(getpid())) : name;
    auto memory = find_hierarchy("memory");
    auto pids = find_hierarchy("pids");
    std::vector<std::string> parents;
    if (memory && pids) {
        parents = {memory->folder(), pids->folder()};
    } else if (auto unified = find_hierarchy("")) {
        const std::string controllers = read_file(unified->folder() + "/cgroup.controllers");
        if (!has_word(controllers, "memory")) return fail(missing("no memory controller"));
        CHECK_OK(delegate(unified->folder()));
        parents = {unified->folder()};
        tree.is_v2_ = true;
    } else {
        return fail(missing("no hierarchy is mounted"));
    }
    for (const auto& parent : parents) {
        // Whoever is no longer root removes only what lies in a folder of its own.
        const std::string home = parent + "/weft";
        CHECK_OK(make_folder(home, options));
        if (tree.is_v2_) CHECK_OK(delegate(home));
        sweep(home);
        const std::string root = home + "/" + own;
        CHECK_OK(make_folder(root, options));
        tree.roots_.push_back(root);
        if (tree.is_v2_) CHECK_OK(delegate(root));
    }
    return tree;
}

CgroupTree::~CgroupTree() {
    for (const auto& root : roots_) remove_tree(root);
}

Result<Cgroup> CgroupTree::make_group(int index, const CgroupLimits& limits) const {
    Cgroup group;
    group.is_v2_ = is_v2_;
    for (const auto& root : roots_) {
        const std::string folder = fmt::format("{}/slot-{}", root, index);
        if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
            return fail(missing("cannot make " + folder));
        group.folders_.push_back(folder);
    }
    group.memory_folder_ = group.folders_.front();
    const std::string memory = std::to_string(limits.memory_bytes);
    const std::string& pids_folder = group.folders_.back();
    const std::string& folder = group.memory_folder_;
    if (!write_file(folder + (is_v2_ ? "/memory.max" : "/memory.limit_in_bytes"), memory)) {
        return fail(missing("cannot limit memory"));
    }
    // Swap would only make a memory bomb slower. Absent where the kernel accounts no swap.
    write_file(
        folder + (is_v2_ ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes"), is_v2_ ? "0" : memory
    );
    if (is_v2_) write_file(folder + "/memory.oom.group", "1");
    if (!write_file(pids_folder + "/pids.max", std::to_string(limits.pids)))
        return fail(missing("cannot limit processes"));
    return group;
}

}  // namespace weft::isolation
