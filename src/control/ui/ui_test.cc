#include "control/ui/ui.h"

#include "base/bytes.h"
#include "platform/crypto/crypto.h"
#include "platform/http/router.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weft::control {
namespace {

namespace fs = std::filesystem;

class UiTest : public testing::Test {
  protected:
    UiTest() {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder = fs::temp_directory_path() / ("weft-ui-" + std::to_string(::getpid()) + "-" + info->name());
        fs::create_directories(folder / "_nuxt");
        fs::create_directories(folder / "login");
        write("index.html", "<html><script>one()</script><script src=\"/_nuxt/a.js\"></script></html>");
        write("login/index.html", "<html>login</html>");
        write("_nuxt/a.12ab.js", "js");
        write("_nuxt/a.12ab.js.gz", "gz");
        write("favicon.svg", "<svg/>");
        std::ofstream(folder.parent_path() / (folder.filename().string() + "-secret")) << "secret";
        fs::create_symlink("/etc/passwd", folder / "passwd.txt");
    }
    ~UiTest() override {
        fs::remove_all(folder);
        fs::remove(folder.parent_path() / (folder.filename().string() + "-secret"));
    }
    void write(const std::string& name, std::string_view text) { std::ofstream(folder / name) << text; }

    http::Response get(const std::string& path, http::Fields headers = {}) {
        if (!ui) ui = std::move(*Ui::load(folder));
        http::Request request;
        request.target.path = path;
        request.headers = std::move(headers);
        return ui->respond(request);
    }

    fs::path folder;
    std::unique_ptr<Ui> ui;
};

TEST_F(UiTest, ServesFilesWithTypeAndCaching) {
    const auto script = get("/_nuxt/a.12ab.js");
    EXPECT_EQ(*script.shared_body, "js");
    EXPECT_EQ(script.headers.get("content-type"), "text/javascript; charset=utf-8");
    EXPECT_NE(script.headers.get("cache-control").find("immutable"), std::string_view::npos);
    const auto page = get("/");
    EXPECT_EQ(page.headers.get("cache-control"), "no-cache");
    EXPECT_EQ(page.headers.get("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(get("/", {{"if-none-match", std::string(page.headers.get("etag"))}}).status, 304);
    const auto zipped = get("/_nuxt/a.12ab.js", {{"accept-encoding", "gzip, br"}});
    EXPECT_EQ(*zipped.shared_body, "gz");
    EXPECT_EQ(zipped.headers.get("content-encoding"), "gzip");
    EXPECT_EQ(zipped.headers.get("content-type"), "text/javascript; charset=utf-8");
}

TEST_F(UiTest, AddressesOfTheUiGetItsPageAndOthersDoNot) {
    EXPECT_EQ(*get("/login").shared_body, "<html>login</html>");
    EXPECT_EQ(*get("/runs/0189-abc").shared_body, *get("/index.html").shared_body);
    for (const char* path :
         {"/api",
          "/api/v1/nothing",
          "/hooks/x",
          "/v1/graphql",
          "/metrics",
          "/healthz",
          "/readyz",
          "/_nuxt/missing.js",
          "/missing.css"}) {
        EXPECT_EQ(get(path).status, 404) << path;
    }
}

TEST_F(UiTest, NothingOutsideTheFolderIsServed) {
    const std::string secret = "/../" + folder.filename().string() + "-secret";
    for (const std::string& path :
         {secret,
          "/_nuxt/.." + secret,
          std::string("/passwd.txt"),
          std::string("//etc/passwd"),
          std::string("/%2e%2e/x.txt"),
          std::string("/..\\x.txt")}) {
        const auto response = get(path);
        const std::string body = response.shared_body ? *response.shared_body : response.body;
        EXPECT_EQ(body.find("secret\n"), std::string::npos) << path;
        EXPECT_EQ(body.find("root:"), std::string::npos) << path;
        EXPECT_TRUE(response.status == 404 || body == *get("/").shared_body) << path;
    }
}

TEST_F(UiTest, EveryPageCarriesThePolicyWithItsInlineScripts) {
    const auto page = get("/runs");
    const std::string policy(page.headers.get("content-security-policy"));
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_NE(policy.find("'sha256-" + base64(crypto::sha256("one()")) + "'"), std::string::npos);
    const std::string scripts = policy.substr(policy.find("script-src"), policy.find("; style-src"));
    EXPECT_EQ(scripts.substr(0, scripts.find(';')).find("unsafe-inline"), std::string::npos);
    EXPECT_EQ(page.headers.get("x-content-type-options"), "nosniff");
}

TEST_F(UiTest, AFolderWithoutAPageIsRefused) {
    fs::remove(folder / "index.html");
    auto loaded = Ui::load(folder);
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().user.find("build the web UI"), std::string::npos);
    EXPECT_FALSE(Ui::load("/nowhere/at/all"));
}

TEST(InlineScripts, AreHashedUnlessTheyAreDataOrElsewhere) {
    EXPECT_EQ(inline_script_sources("<script src=\"/a.js\"></script>"), "");
    EXPECT_EQ(inline_script_sources("<script type=\"application/json\">[1]</script>"), "");
    EXPECT_EQ(inline_script_sources("<script>unfinished"), "");
    EXPECT_EQ(
        inline_script_sources("<script>a</script><script type=\"module\">b</script>"),
        " 'sha256-" + base64(crypto::sha256("a")) + "' 'sha256-" + base64(crypto::sha256("b")) + "'"
    );
}

}  // namespace
}  // namespace weft::control
