#pragma once

#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// Real servers that tests run beside a worker.
namespace weft::worker {

inline std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof to;
    (void)::bind(fd, reinterpret_cast<sockaddr*>(&to), size);
    (void)::getsockname(fd, reinterpret_cast<sockaddr*>(&to), &size);
    ::close(fd);
    return ntohs(to.sin_port);
}

inline bool is_listening(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_there = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    ::close(fd);
    return is_there;
}

/// kNobody: as somebody without rights, where we are root.
enum class RunAs { kSelf, kNobody };
inline pid_t start_program(std::vector<std::string> arguments, RunAs as = RunAs::kSelf) {
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    if (as == RunAs::kNobody && ::getuid() == 0) {
        const passwd* nobody = ::getpwnam("nobody");
        if (nobody == nullptr || ::setgid(nobody->pw_gid) != 0 || ::setuid(nobody->pw_uid) != 0) ::_exit(126);
    }
    ::execvp(words[0], words.data());
    ::_exit(127);
}
inline int run_program(std::vector<std::string> arguments, RunAs as = RunAs::kSelf) {
    int status = -1;
    ::waitpid(start_program(std::move(arguments), as), &status, 0);
    return status;
}

/// A folder that others may look into, with key.pem and cert.pem, which is for "localhost".
inline std::string make_peer_folder(const std::string& name) {
    std::string folder = (std::filesystem::temp_directory_path() / ("weft-" + name + "-XXXXXX")).string();
    folder = ::mkdtemp(folder.data());
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
    run_program(
        {"openssl",
         "req",
         "-x509",
         "-newkey",
         "ec",
         "-pkeyopt",
         "ec_paramgen_curve:P-256",
         "-nodes",
         "-days",
         "2",
         "-subj",
         "/CN=localhost",
         "-addext",
         "subjectAltName=DNS:localhost",
         "-keyout",
         folder + "/key.pem",
         "-out",
         folder + "/cert.pem"}
    );
    return folder;
}

}  // namespace weft::worker
