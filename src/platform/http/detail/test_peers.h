#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace weft::http::testing {

/// A listening socket on a free port of the loopback.
class Listener {
  public:
    Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(fd_, 16);
        socklen_t size = sizeof address;
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { ::close(fd_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    std::uint16_t port() const { return port_; }
    int accept() const { return ::accept(fd_, nullptr, nullptr); }
    void shut() const { ::shutdown(fd_, SHUT_RDWR); }  // ends a blocked accept

  private:
    int fd_;
    std::uint16_t port_ = 0;
};

/// Answers each bodiless request of its n-th connection with the n-th list of texts, one after the other. An
/// empty text, or kClose at a text's end, closes the connection there.
class ScriptedPeer {
  public:
    static constexpr const char* kClose = "\x01";

    explicit ScriptedPeer(std::vector<std::vector<std::string>> script)
        : script_(std::move(script)), thread_([this] { run(); }) {}
    ~ScriptedPeer() {
        is_stopping_ = true;
        listener_.shut();
        if (open_ >= 0) ::shutdown(open_, SHUT_RDWR);
        thread_.join();
        for (int fd : kept_) ::close(fd);
    }
    std::uint16_t port() const { return listener_.port(); }
    int requests() const { return requests_; }

  private:
    void run() {
        for (const auto& texts : script_) {
            int fd = listener_.accept();
            if (fd < 0) return;
            open_ = fd;
            kept_.push_back(fd);
            for (auto text : texts) {
                if (!read_head(fd)) break;
                ++requests_;
                bool closes = text.empty() || text.ends_with(kClose);
                if (text.ends_with(kClose)) text.pop_back();
                ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
                if (closes) ::shutdown(fd, SHUT_RDWR);
            }
        }
    }
    bool read_head(int fd) {
        std::string seen;
        char byte = 0;
        while (!seen.ends_with("\r\n\r\n")) {
            if (::recv(fd, &byte, 1, 0) != 1) return false;
            seen += byte;
        }
        return true;
    }

    Listener listener_;
    std::vector<std::vector<std::string>> script_;
    std::vector<int> kept_;
    std::atomic<int> requests_ = 0;
    std::atomic<int> open_ = -1;
    std::atomic<bool> is_stopping_ = false;
    std::thread thread_;
};

/// An HTTPS server with a certificate of its own making; answers every connection once with "ok".
class TlsPeer {
  public:
    explicit TlsPeer(const std::string& name)
        : file_(
              std::filesystem::temp_directory_path() / ("weft-tls-" + std::to_string(::getpid()) + ".pem")
          ) {
        make_certificate(name);
        thread_ = std::thread([this] { run(); });
    }
    ~TlsPeer() {
        listener_.shut();
        thread_.join();
        SSL_CTX_free(context_);
        X509_free(certificate_);
        EVP_PKEY_free(key_);
        std::filesystem::remove(file_);
    }
    TlsPeer(const TlsPeer&) = delete;
    TlsPeer& operator=(const TlsPeer&) = delete;
    std::uint16_t port() const { return listener_.port(); }
    std::string certificate_file() const { return file_.string(); }

  private:
    void make_certificate(const std::string& name) {
        key_ = EVP_EC_gen("P-256");
        certificate_ = X509_new();
        X509_set_version(certificate_, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate_), -60);
        X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
        X509_set_pubkey(certificate_, key_);
        X509_NAME* subject = X509_get_subject_name(certificate_);
        X509_NAME_add_entry_by_txt(
            subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0
        );
        X509_set_issuer_name(certificate_, subject);
        X509_EXTENSION* names =
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
        X509_add_ext(certificate_, names, -1);
        X509_EXTENSION_free(names);
        X509_sign(certificate_, key_, EVP_sha256());
        std::FILE* out = std::fopen(file_.c_str(), "w");
        PEM_write_X509(out, certificate_);
        std::fclose(out);
        context_ = SSL_CTX_new(TLS_server_method());
        SSL_CTX_use_certificate(context_, certificate_);
        SSL_CTX_use_PrivateKey(context_, key_);
    }
    void run() {
        for (int fd = listener_.accept(); fd >= 0; fd = listener_.accept()) {
            SSL* tls = SSL_new(context_);
            SSL_set_fd(tls, fd);
            char buffer[4096];
            if (SSL_accept(tls) == 1 && SSL_read(tls, buffer, sizeof buffer) > 0) {
                constexpr std::string_view kAnswer =
                    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
                SSL_write(tls, kAnswer.data(), static_cast<int>(kAnswer.size()));
                SSL_shutdown(tls);
            }
            SSL_free(tls);
            ::close(fd);
        }
    }

    std::filesystem::path file_;
    Listener listener_;
    EVP_PKEY* key_ = nullptr;
    X509* certificate_ = nullptr;
    SSL_CTX* context_ = nullptr;
    std::thread thread_;
};

}  // namespace weft::http::testing
