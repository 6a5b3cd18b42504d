#include "base/bytes.h"
#include "store/vault/connections.h"
#include "store/vault/keys.h"
#include "store/vault/open.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace weft::store::vault {
namespace {

using rt::Deadline;

/// The api's and the worker's halves over one database: two logins, two key files.
class VaultTest : public testing::Test {
  protected:
    VaultTest() {
        EXPECT_TRUE(crypto::init());
        folder_ =
            std::filesystem::temp_directory_path() / ("weft-vault-" + Uuid::v7(clock_.now(), rng_).text());
        std::filesystem::create_directory(folder_);
        shared_ = master_key("shared.key");
        master_ = master_key("vault.key");
        vault_ = std::make_unique<Vault>(worker_, *master_, steady_, rng_);
    }
    ~VaultTest() override {
        loop_.run_until_done(api_.close());
        loop_.run_until_done(worker_.close());
        std::filesystem::remove_all(folder_);
    }

    std::unique_ptr<crypto::KeyWrapper> master_key(const char* name) {
        auto text = crypto::read_key_file(folder_ / name, rng_);
        EXPECT_TRUE(text);
        return std::move(*crypto::make_key_wrapper(*text));
    }
    template <class T>
    T run(rt::Task<T> task) {
        return loop_.run_until_done(std::move(task));
    }
    Deadline soon() { return Deadline::in(10s); }

    /// A connection with one field, sealed as the api does it.
    ConnectionId store(TenantId tenant, std::string_view key, std::string_view secret) {
        const std::string app = Uuid::v7(clock_.now(), rng_).text();
        db_.exec(
            "insert into weft.app (tenant_id, id, key, name) values ('" + tenant.text() + "', '" + app +
            "', 'app-" + std::string(key) + "', 'App')"
        );
        auto public_key = run(find_public_key(Db(api_, tenant), soon()));
        EXPECT_TRUE(public_key);
        const auto id = ConnectionId::make(clock_.now(), rng_);
        std::map<std::string, Secret> fields;
        fields.emplace("api_key", Secret(std::string(secret)));
        auto sealed = seal_fields(*public_key, {.tenant = tenant, .id = id, .revision = 1}, fields);
        NewConnection row{
            .tenant = tenant,
            .id = id,
            .app_id = *AppId::parse(app),
            .key = std::string(key),
            .name = "Connection",
            .auth_kind = "api_key",
            .sealed = *sealed,
            .key_id = public_key->id,
        };
        EXPECT_TRUE(run(add_connection(Db(api_, tenant), std::move(row), soon())));
        return id;
    }
    Code code_of_open(TenantId tenant, ConnectionId id) {
        auto opened = run(vault_->open(tenant, id, soon()));
        EXPECT_FALSE(opened);
        return opened ? Code::kStale : opened.error().code;
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    rt::SystemClock clock_;
    rt::ManualClock steady_{clock_.now()};
    SystemRng rng_;
    TenantId a_ = db_.create_tenant("A");
    TenantId b_ = db_.create_tenant("B");
    pg::Pool api_{loop_, {.url = db_.api_url()}};
    pg::Pool worker_{loop_, {.url = db_.worker_url()}};
    std::filesystem::path folder_;
    std::unique_ptr<crypto::KeyWrapper> shared_;
    std::unique_ptr<crypto::KeyWrapper> master_;
    std::unique_ptr<Vault> vault_;
};

TEST_F(VaultTest, MakesEachTenantOneKeyAndNoMore) {
    EXPECT_EQ(run(vault_->ensure_keys(soon())), 2);
    EXPECT_EQ(run(vault_->ensure_keys(soon())), 0);
    EXPECT_EQ(db_.scalar("select count(*) from weft.tenant_key where class = 'vault'"), "2");
}

TEST_F(VaultTest, OpensWhatTheApiSealed) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    const auto id = store(a_, "shop", "s3cret-value");
    auto opened = run(vault_->open(a_, id, soon()));
    ASSERT_TRUE(opened);
    EXPECT_EQ((*opened)->fields.at("api_key").reveal(), "s3cret-value");
    EXPECT_EQ((*opened)->auth_kind, "api_key");
    auto by_key = run(vault_->open(a_, std::string("shop"), soon()));
    ASSERT_TRUE(by_key);
    EXPECT_EQ((*by_key)->id, id);
}

TEST_F(VaultTest, WaitsForTheKeyThenSaysThatAWorkerIsMissing) {
    auto missing = run(find_public_key(Db(api_, a_), Deadline::in(100ms)));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Code::kTimeout);
    auto waited = run(find_public_key(Db(api_, a_), soon()));
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, Code::kUnavailable);
    EXPECT_NE(waited.error().user.find("worker"), std::string::npos);
}

TEST_F(VaultTest, OtherTenantsConnectionIsNotFound) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    const auto id = store(a_, "shop", "s3cret-value");
    EXPECT_EQ(code_of_open(b_, id), Code::kNotFound);
    ASSERT_TRUE(run(vault_->open(a_, id, soon())));  // now in the cache, which must not answer B either
    EXPECT_EQ(code_of_open(b_, id), Code::kNotFound);
}

TEST_F(VaultTest, MovedCiphertextDoesNotOpen) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    const auto one = store(a_, "one", "first-secret");
    const auto two = store(a_, "two", "second-secret");
    const auto other = store(b_, "other", "others-secret");
    const auto move = [&](ConnectionId from, ConnectionId to) {
        db_.exec(
            "update weft.connection t set sealed = f.sealed from weft.connection f where f.id = '" +
            from.text() + "' and t.id = '" + to.text() + "'"
        );
        vault_->forget_all();
    };
    move(one, two);
    EXPECT_EQ(code_of_open(a_, two), Code::kInvalid);
    move(other, one);
    EXPECT_EQ(code_of_open(a_, one), Code::kInvalid);
    // Negative control: in its own place it opens.
    auto opened = run(vault_->open(b_, other, soon()));
    ASSERT_TRUE(opened);
    EXPECT_EQ((*opened)->fields.at("api_key").reveal(), "others-secret");
}

TEST_F(VaultTest, AnotherRevisionOrFieldNameDoesNotOpen) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    const auto id = store(a_, "one", "first-secret");
    db_.exec("update weft.connection set revision = 2 where id = '" + id.text() + "'");
    EXPECT_EQ(code_of_open(a_, id), Code::kInvalid);
    db_.exec("update weft.connection set revision = 1 where id = '" + id.text() + "'");
    EXPECT_TRUE(run(vault_->open(a_, id, soon())));
    vault_->forget_all();
    db_.exec(
        "update weft.connection set sealed = "
        "convert_to(replace(convert_from(sealed, 'UTF8'), 'api_key', 'token'), 'UTF8') where id = '" +
        id.text() + "'"
    );
    EXPECT_EQ(code_of_open(a_, id), Code::kInvalid);
}

TEST_F(VaultTest, CacheHoldsBrieflyAndForgetsOnNotification) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    const auto id = store(a_, "one", "first-secret");
    EXPECT_TRUE(run(vault_->open(a_, id, soon())));
    db_.exec("delete from weft.connection where id = '" + id.text() + "'");
    EXPECT_TRUE(run(vault_->open(a_, id, soon())));  // still remembered
    vault_->forget(id);
    EXPECT_EQ(code_of_open(a_, id), Code::kNotFound);

    const auto again = store(a_, "two", "second-secret");
    EXPECT_TRUE(run(vault_->open(a_, again, soon())));
    db_.exec("delete from weft.connection where id = '" + again.text() + "'");
    steady_.advance(31s);
    EXPECT_EQ(code_of_open(a_, again), Code::kNotFound);
}

TEST_F(VaultTest, ApiLoginCannotReadSealedFieldsOrWrappedKeys) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    store(a_, "one", "first-secret");
    const std::string as_tenant = "select set_config('app.tenant_id', '" + a_.text() + "', false); ";
    const std::string refused = "42501";
    for (const char* select :
         {"select sealed from weft.connection",
          "select * from weft.connection",
          "select wrapped_key from weft.tenant_key",
          "select * from weft.tenant_key"}) {
        EXPECT_EQ(db_.sqlstate_of(db_.api_url(), as_tenant + select), refused) << select;
    }
    // Negative control: the worker's login may.
    EXPECT_EQ(db_.sqlstate_of(db_.worker_url(), as_tenant + "select sealed from weft.connection"), "00000");
    // Roles the api can take on do not see it either: no row of class vault, no right on the column.
    const std::string count = "select 1 / count(*) from weft.tenant_key where class = 'vault'";
    EXPECT_EQ(db_.sqlstate_of(db_.api_url(), "set role weft_ingest; " + count), "22012");
    for (const char* role : {"weft_auth", "weft_ingest"}) {
        const std::string become = "set role " + std::string(role) + "; ";
        EXPECT_EQ(db_.sqlstate_of(db_.api_url(), become + "select sealed from weft.connection"), refused)
            << role;
    }
    EXPECT_EQ(db_.sqlstate_of(db_.api_url(), "set role weft_worker"), refused);
    EXPECT_EQ(db_.sqlstate_of(db_.api_url(), "set role weft_dispatch"), refused);
}

TEST_F(VaultTest, EverythingTheApiHasDoesNotOpenAConnection) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    const auto id = store(a_, "one", "first-secret");
    // Suppose the worst: the api gets hold of the sealed bytes and of the wrapped private half.
    const auto sealed = *from_hex(db_.scalar("select encode(sealed, 'hex') from weft.connection"));
    const auto wrapped = *from_hex(db_.scalar(
        "select encode(wrapped_key, 'hex') from weft.tenant_key where class = 'vault' and tenant_id = $1",
        {a_.text()}
    ));
    const auto key_id = *TenantKeyId::parse(
        db_.scalar("select id from weft.tenant_key where class = 'vault' and tenant_id = $1", {a_.text()})
    );
    const crypto::Aad aad{a_.text(), key_id.text(), "vault", "1", "tenant-key"};
    EXPECT_FALSE(run(shared_->unwrap(wrapped, aad, soon())));
    // Negative control: with the worker's master key the very same call works, and the value opens.
    auto private_half = run(master_->unwrap(wrapped, aad, soon()));
    ASSERT_TRUE(private_half);
    const ConnectionRef ref{.tenant = a_, .id = id, .revision = 1};
    EXPECT_TRUE(open_fields({key_id.uuid(), *private_half}, ref, sealed));
    // A key pair whose private half is the public one, or any other, does not.
    auto public_key = run(find_public_key(Db(api_, a_), soon()));
    EXPECT_FALSE(open_fields({key_id.uuid(), Secret(public_key->bytes)}, ref, sealed));
    EXPECT_FALSE(open_fields(crypto::PrivateKey::generate(key_id.uuid(), rng_), ref, sealed));
    // And the vault of another installation (other master key) does not open it.
    auto foreign = master_key("foreign.key");
    Vault stranger(worker_, *foreign, steady_, rng_);
    EXPECT_FALSE(run(stranger.open(a_, id, soon())));
}

TEST_F(VaultTest, TenantKeysOpenForBothProcessesAndAreCached) {
    pg::Batch batch;
    batch.as(pg::Principal::system(pg::SystemRole::kAuth));
    for (KeyClass key_class : {KeyClass::kData, KeyClass::kIngress}) {
        auto key = run(make_symmetric_key(a_, key_class, *shared_, clock_, rng_, soon()));
        ASSERT_TRUE(key);
        add_key(batch, *key);
    }
    ASSERT_TRUE(run(api_.run(std::move(batch), soon())));
    TenantKeys of_api(api_, *shared_, steady_, TenantKeys::Reader::kApi);
    TenantKeys of_worker(worker_, *shared_, steady_, TenantKeys::Reader::kWorker);
    auto sealing = run(of_api.current(a_, KeyClass::kData, soon()));
    ASSERT_TRUE(sealing);
    const crypto::Aad aad{"x"};
    const std::string sealed = crypto::seal(**sealing, "value", aad);
    auto opening = run(of_worker.by_id(a_, TenantKeyId((*sealing)->id), soon()));
    ASSERT_TRUE(opening);
    EXPECT_EQ(crypto::open(**opening, sealed, aad)->reveal(), "value");
    auto ingress = run(of_api.current(a_, KeyClass::kIngress, soon()));
    ASSERT_TRUE(ingress);
    EXPECT_NE((*ingress)->id, (*sealing)->id);
    EXPECT_EQ(run(of_api.current(b_, KeyClass::kData, soon())).error().code, Code::kNotFound);
    EXPECT_EQ(run(of_api.by_id(b_, TenantKeyId((*sealing)->id), soon())).error().code, Code::kNotFound);
    const auto before = api_.stats().statements;
    EXPECT_TRUE(run(of_api.current(a_, KeyClass::kData, soon())));
    EXPECT_EQ(api_.stats().statements, before);
    steady_.advance(6min);
    EXPECT_TRUE(run(of_api.current(a_, KeyClass::kData, soon())));
    EXPECT_GT(api_.stats().statements, before);
}

TEST_F(VaultTest, ReplacingASecretNeedsTheRevisionOneSaw) {
    EXPECT_TRUE(run(vault_->ensure_keys(soon())));
    const auto id = store(a_, "one", "first-secret");
    auto key = *run(find_public_key(Db(api_, a_), soon()));
    std::map<std::string, Secret> fields;
    fields.emplace("api_key", Secret("new-secret"));
    auto sealed = seal_fields(key, {.tenant = a_, .id = id, .revision = 2}, fields);
    NewSecret secret{
        .id = id, .expected_revision = 1, .auth_kind = "api_key", .sealed = *sealed, .key_id = key.id
    };
    ASSERT_TRUE(run(replace_secret(Db(api_, a_), secret, soon())));
    EXPECT_EQ(run(replace_secret(Db(api_, a_), secret, soon())).error().code, Code::kConflict);
    EXPECT_EQ((*run(vault_->open(a_, id, soon())))->fields.at("api_key").reveal(), "new-secret");
}

}  // namespace
}  // namespace weft::store::vault
