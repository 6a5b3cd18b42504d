#pragma once

#include "data/worker/detail/peer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>
#include <fstream>

namespace weft::worker {

/// A real mail server for tests: Debian's Dovecot, with a certificate of its own, where everybody's password
/// is "secret-word". Messages are delivered into its folders.
class Dovecot {
  public:
    Dovecot() : folder_(make_peer_folder("dovecot")), starttls_(free_port()), tls_(free_port()) {
        std::filesystem::create_directories(folder_ + "/mail");
        if (::getuid() == 0) run_program({"chown", "nobody:nogroup", folder_ + "/mail"});
        std::ofstream(folder_ + "/conf") << settings();
        server_ = start_program({"dovecot", "-F", "-c", folder_ + "/conf"});
    }
    ~Dovecot() {
        ::kill(server_, SIGTERM);
        ::waitpid(server_, nullptr, 0);
        std::filesystem::remove_all(folder_);
    }
    Dovecot(const Dovecot&) = delete;
    Dovecot& operator=(const Dovecot&) = delete;

    std::string certificate() const { return folder_ + "/cert.pem"; }
    std::uint16_t starttls_port() const { return starttls_; }
    std::uint16_t tls_port() const { return tls_; }

    bool is_up() const { return is_listening(tls_); }

    /// `at`: when it came, in seconds.
    void deliver(const std::string& user, const std::string& message, std::int64_t at) {
        const std::string name = std::to_string(at) + ".M" + std::to_string(++delivered_) + ".test";
        const std::string box = folder_ + "/mail/" + user;
        for (const char* part : {"/tmp", "/new", "/cur"}) std::filesystem::create_directories(box + part);
        std::ofstream(box + "/tmp/" + name) << message;
        const timespec when{.tv_sec = at, .tv_nsec = 0};
        const timespec times[] = {when, when};
        ::utimensat(AT_FDCWD, (box + "/tmp/" + name).c_str(), times, 0);
        if (::getuid() == 0) run_program({"chown", "-R", "nobody:nogroup", box});
        std::filesystem::rename(box + "/tmp/" + name, box + "/new/" + name);
    }
    /// What the server does when it has lost its numbers: all messages get others, under another UIDVALIDITY.
    void number_anew(const std::string& user) {
        const std::string box = folder_ + "/mail/" + user;
        std::filesystem::remove(box + "/dovecot-uidlist");
        for (const auto& file : std::filesystem::directory_iterator(box))
            if (file.path().filename().string().starts_with("dovecot.index"))
                std::filesystem::remove(file.path());
    }
    int admin(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"doveadm", "-c", folder_ + "/conf"});
        return run_program(std::move(arguments));
    }
    /// Files of a folder of its own, which is a name below the user's; "" is the inbox.
    std::vector<std::string> files(const std::string& user, const std::string& below) {
        std::vector<std::string> out;
        for (const char* part : {"/new", "/cur"}) {
            const std::string box = folder_ + "/mail/" + user + below + part;
            if (!std::filesystem::exists(box)) continue;
            for (const auto& file : std::filesystem::directory_iterator(box))
                out.push_back(file.path().filename().string());
        }
        return out;
    }

  private:
    std::string settings() const {
        const bool is_root = ::getuid() == 0;
        const std::string self = std::to_string(::getuid());
        const std::string who =
            is_root ? "uid=nobody gid=nogroup" : "uid=" + self + " gid=" + std::to_string(::getgid());
        return "base_dir = " + folder_ + "/run\nstate_dir = " + folder_ + "/state\nlog_path = " + folder_ +
               "/log\ninstance_name = weft-" + std::to_string(tls_) +
               "\nprotocols = imap\nlisten = 127.0.0.1\nssl = yes\nssl_cert = <" + certificate() +
               "\nssl_key = <" + folder_ +
               "/key.pem\ndisable_plaintext_auth = yes\nfirst_valid_uid = 1\nauth_failure_delay = 0\n" +
               "mail_location = maildir:" + folder_ + "/mail/%u\n" +
               "passdb {\n  driver = static\n  args = pass"
               "word=secret-word\n}\n" +
               "userdb {\n  driver = static\n  args = " + who + " home=" + folder_ + "/mail/%u\n}\n" +
               "service imap-login {\n  inet_listener imap {\n    port = " + std::to_string(starttls_) +
               "\n  }\n  inet_listener imaps {\n    port = " + std::to_string(tls_) +
               "\n    ssl = yes\n  }\n}\n";
    }

    std::string folder_;
    std::uint16_t starttls_;
    std::uint16_t tls_;
    pid_t server_ = -1;
    int delivered_ = 0;
};

}  // namespace weft::worker
