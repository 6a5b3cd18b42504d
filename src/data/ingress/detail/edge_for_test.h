#pragma once

#include "base/bytes.h"
#include "core/trigger/trigger.h"
#include "data/ingress/hooks.h"
#include "data/ingress/ingress.h"
#include "platform/blob/blob.h"
#include "platform/rt/scope.h"
#include "store/runs/journal.h"
#include "store/triggers/triggers.h"
#include "support/pg.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <ranges>
#include <set>

/// Tests only: everything of the api process between the router and PostgreSQL.
namespace weft::ingress::testing {

using rt::Deadline;
using store::vault::KeyClass;

class TempFolder {
  public:
    TempFolder() : path_((std::filesystem::temp_directory_path() / "weft-ingress-XXXXXX").string()) {
        if (mkdtemp(path_.data()) == nullptr) std::abort();
    }
    ~TempFolder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// This machine's clock, as wrong as a test wants it.
class SkewedClock final : public rt::Clock {
  public:
    explicit SkewedClock(Micros skew) : skew_(skew) {}
    Instant now() const override { return real_.now() + skew_; }
    Steady steady() const override { return real_.steady(); }

  private:
    rt::SystemClock real_;
    Micros skew_;
};

/// Everything of the api process between the router and PostgreSQL, real.
class Edge {
  public:
    explicit Edge(
        test::TestDatabase& db, Options options = {}, HookOptions hook_options = {}, Micros skew = Micros(0)
    )
        : db_(db),
          clock_(skew),
          wrapper_(std::move(*crypto::make_key_wrapper(master()))),
          blobs_(std::move(*blob::open_directory(folder_.path() + "/blobs"))),
          pool_(loop_, {.url = db.api_url()}),
          notifier_(loop_, db.api_url()),
          keys_(pool_, *wrapper_, clock_, store::vault::TenantKeys::Reader::kApi),
          codec_(keys_, *blobs_, clock_, rng_),
          streams_(std::move(*blob::open_streams(folder_.path() + "/blobs"))),
          files_(pool_, keys_, *streams_, clock_, rng_),
          values_(loop_, 128 << 20),
          runs_(pool_, codec_, values_),
          watch_(loop_),
          refusals_(loop_, pool_, clock_, metrics_),
          ingest_(
              loop_, pool_, codec_, store::notices::tell_through(notifier_), clock_, rng_, given(options)
          ),
          hooks_(loop_, ingest_, pool_, keys_, runs_, watch_, clock_, rng_, told(hook_options)) {}
    ~Edge() {
        loop_.run_until_done(refusals_.close(by()));
        loop_.run_until_done(ingest_.close());
        loop_.run_until_done(notifier_.close());
        loop_.run_until_done(pool_.close());
    }

    /// One file for all processes of an installation.
    static const Secret& master() {
        static const Secret text = [] {
            TempFolder folder;
            SystemRng rng;
            return std::move(*crypto::read_key_file(folder.path() + "/master.key", rng));
        }();
        return text;
    }

    template <class T>
    T wait(rt::Task<T> task) {
        return loop_.run_until_done(std::move(task));
    }

    TenantId tenant() {
        auto id = db_.create_tenant();
        pg::Batch batch;
        batch.as(pg::Principal::system(pg::SystemRole::kAuth));
        for (auto key_class : {KeyClass::kData, KeyClass::kIngress}) {
            auto key = wait(store::vault::make_symmetric_key(id, key_class, *wrapper_, clock_, rng_, by()));
            store::vault::add_key(batch, key.value());
        }
        EXPECT_TRUE(wait(pool_.run(std::move(batch), by())));
        return id;
    }

    struct Hook {
        TenantId tenant;
        TriggerId id;
        std::string token;
        Secret secret;
    };
    enum class Sealed { kYes, kNo };
    using Kind = store::triggers::Kind;
    Hook hook(
        TenantId tenant,
        WorkflowId workflow,
        std::string_view config,
        Sealed has_secret = Sealed::kYes,
        Kind kind = Kind::kWebhook
    ) {
        auto key = wait(keys_.current(tenant, KeyClass::kIngress, by())).value();
        Hook made{
            tenant, TriggerId::make(clock_.now(), rng_), hex(crypto::random_bytes(rng_, 16).reveal()), {}
        };
        made.secret = crypto::random_bytes(rng_, 32);
        store::triggers::NewTrigger row{
            .tenant = tenant,
            .id = made.id,
            .workflow_id = workflow,
            .kind = kind,
            .name = "hook",
            .config = parse_json(config).value(),
            .token_hash = crypto::sha256(made.token),
            .sealed_token = store::triggers::seal_token(*key, tenant, made.id, Secret(made.token)),
            .key_id = TenantKeyId(key->id),
        };
        store::triggers::Secrets secrets{.current = made.secret};
        if (has_secret == Sealed::kYes) {
            row.sealed_secret = store::triggers::seal_secrets(*key, tenant, made.id, secrets);
        }
        EXPECT_TRUE(wait(store::triggers::add(store::Db(pool_, tenant), std::move(row), by())));
        const auto active = store::triggers::State::kActive;
        EXPECT_TRUE(wait(store::triggers::set_state(store::Db(pool_, tenant), made.id, active, by())));
        return made;
    }

    http::Request request(const Hook& hook, std::string body) {
        http::Request request;
        request.method = http::Method::kPost;
        request.params.add("token", hook.token);
        request.headers.add("Content-Type", "application/json");
        request.body = std::move(body);
        request.id = RequestId::make(clock_.now(), rng_);
        request.deadline = by();
        return request;
    }
    http::Request signed_request(
        const Hook& hook, std::string id, std::string body, std::chrono::seconds age = 0s
    ) {
        auto at = std::chrono::floor<std::chrono::seconds>(clock_.now().time_since_epoch()) - age;
        auto made = request(hook, std::move(body));
        made.headers.add(
            "X-Weft-Signature", trigger::sign(hook.secret, id, at.count(), made.body, crypto::hmac_sha256)
        );
        made.headers.add("X-Weft-Timestamp", std::to_string(at.count()));
        if (!id.empty()) made.headers.add("X-Weft-Delivery", id);
        return made;
    }
    /// The status of the answer or of the error it stands for.
    int status(http::Request request) {
        auto answer = wait(hooks_.handle(std::move(request)));
        return answer ? answer->status : http_status(answer.error().code);
    }
    JsonObject body(http::Request request) {
        auto answer = wait(hooks_.handle(std::move(request)));
        EXPECT_TRUE(answer) << answer.error().user << " " << answer.error().detail;
        return answer ? parse_json(answer->body).value().get_object() : JsonObject();
    }
    Json value(TenantId tenant, std::string_view run, std::string_view slot) {
        std::vector slots{store::runs::ValueSlot::parse(slot).value()};
        auto values = wait(runs_.values(tenant, *RunId::parse(run), std::move(slots), by()));
        EXPECT_TRUE(values && values->texts[0]);
        return parse_json(values->texts[0].value()).value();
    }
    static Deadline by() { return Deadline::in(20s); }

    Options given(Options options) {
        options.files = &files_;
        options.keys = &keys_;
        return options;
    }
    HookOptions told(HookOptions options) {
        options.refusals = &refusals_;
        options.files = &files_;
        return options;
    }

    test::TestDatabase& db_;
    TempFolder folder_;
    rt::Loop loop_;
    SkewedClock clock_;
    SystemRng rng_;
    std::unique_ptr<crypto::KeyWrapper> wrapper_;
    std::unique_ptr<blob::Store> blobs_;
    pg::Pool pool_;
    pg::Notifier notifier_;
    store::vault::TenantKeys keys_;
    store::runs::PayloadCodec codec_;
    std::unique_ptr<blob::Streams> streams_;
    store::files::Files files_;
    rt::Budget values_;
    store::runs::Runs runs_;
    RunWatch watch_;
    telemetry::Metrics metrics_;
    Refusals refusals_;
    Ingest ingest_;
    Hooks hooks_;
};

inline constexpr const char* kSigned = R"({"signature": {"scheme": "hmac-sha256"}})";
inline constexpr const char* kOpen = R"({"signature": {"scheme": "none"}})";
inline constexpr const char* kOpenSync = R"({"signature": {"scheme": "none"}, "mode": "sync"})";

class IngressTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { ASSERT_TRUE(crypto::init()); }
    std::string count(const std::string& what) { return db_.scalar("select count(*) from " + what); }

    test::TestDatabase db_;
};

inline rt::Task<void> send(
    Hooks& hooks, http::Request request, std::vector<Result<http::Response>>& answers
) {
    answers.push_back(co_await hooks.handle(std::move(request)));
}

}  // namespace weft::ingress::testing
