#include "data/ingress/detail/edge_for_test.h"
#include "data/ingress/detail/submission.h"
#include "data/ingress/forms.h"

#include <gmock/gmock.h>

namespace weft::ingress::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCompiled = R"({"format": "weft-compiled/1", "inputs": {
    "type": "object", "required": ["name"],
    "properties": {
        "name": {"type": "string", "title": "Your <name>"},
        "age": {"type": "integer", "minimum": 18},
        "likes": {"type": "array", "items": {"enum": ["tea", "cake"]}}
    }}})";
constexpr const char* kPlain = "application/x-www-form-urlencoded";

/// The real edge, with a form in front of it.
class FormsTest : public IngressTest {
  protected:
    FormsTest() { open({}); }
    ~FormsTest() override { forms_.reset(); }

    void open(FormOptions options) {
        options.refusals = &edge_.refusals_;
        forms_ = std::make_unique<Forms>(
            edge_.loop_, edge_.ingest_, edge_.pool_, edge_.clock_, edge_.rng_, edge_.metrics_, options
        );
    }
    Edge::Hook form(std::string_view config = "{}") {
        return edge_.hook(tenant_, flow_, config, Edge::Sealed::kNo, Edge::Kind::kForm);
    }
    http::Response send(const Edge::Hook& to, std::string body, std::string type = kPlain) {
        auto request = edge_.request(to, std::move(body));
        request.headers.set("Content-Type", std::move(type));
        request.client = client_;
        return answer(std::move(request));
    }
    http::Response look(const Edge::Hook& at, http::Fields query = {}) {
        auto request = edge_.request(at, "");
        request.method = http::Method::kGet;
        request.headers.remove("Content-Type");
        request.target.query = std::move(query);
        request.client = client_;
        return answer(std::move(request));
    }
    http::Response answer(http::Request request) {
        const RequestId id = request.id;
        auto got = edge_.wait(forms_->handle(std::move(request)));
        return got ? std::move(*got) : http::problem(got.error(), id);
    }
    std::string only_run() { return db_.scalar("select id from weft.workflow_run"); }
    std::string refused(const std::string& reason) {
        EXPECT_TRUE(edge_.wait([](Refusals& refusals) -> rt::Task<Result<void>> {
            co_await refusals.flush(Edge::by());
            co_return Result<void>();
        }(edge_.refusals_)));
        return db_.scalar(
            "select coalesce(sum(deliveries), 0) from weft.refused_delivery where reason = $1", {reason}
        );
    }

    Edge edge_{db_};
    TenantId tenant_ = edge_.tenant();
    WorkflowId flow_ = db_.create_workflow(tenant_, "flow", kCompiled).id;
    std::string client_ = "192.0.2.1";
    std::unique_ptr<Forms> forms_;
};

TEST_F(FormsTest, AreShownWithAPolicyThatAllowsNoScript) {
    const auto at = form(R"({"title": "Hello", "redirect": "https://example.com/done"})");
    const auto page = look(at, {{"age", "20"}, {"other", "<b>"}});
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("<h1>Hello</h1>"));
    EXPECT_THAT(page.body, HasSubstr("Your &lt;name&gt;"));
    EXPECT_THAT(page.body, HasSubstr(R"(value="20")"));
    EXPECT_THAT(page.body, Not(HasSubstr("<b>")));
    EXPECT_EQ(page.headers.get("content-type"), "text/html; charset=utf-8");
    const std::string policy(page.headers.get("content-security-policy"));
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; style-src 'sha256-"));
    EXPECT_THAT(policy, HasSubstr("form-action 'self' https://example.com;"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_EQ(page.headers.get("x-robots-tag"), "noindex, nofollow");
    EXPECT_EQ(page.headers.get("cache-control"), "no-store");
    EXPECT_EQ(page.headers.get("referrer-policy"), "no-referrer");
    EXPECT_EQ(count("workflow_run"), "0");
}

TEST_F(FormsTest, ASubmissionIsAnEventAndItsRun) {
    const auto to = form();
    const auto sent = send(to, "name=+Ada+&age=36&likes=cake&likes=tea&admin=1&_weft_form=n1&_weft_website=");
    EXPECT_EQ(sent.status, 303) << sent.body;
    EXPECT_EQ(sent.headers.get("location"), "?_weft_sent");
    EXPECT_EQ(
        to_text(edge_.value(tenant_, only_run(), "input")),
        R"({"name":"Ada","age":36,"likes":["cake","tea"]})"
    );
    const Json trigger = edge_.value(tenant_, only_run(), "trigger");
    EXPECT_EQ(trigger.at("kind"), "form");
    EXPECT_EQ(trigger.at("id"), to.id.text());
    EXPECT_EQ(count("trigger_event"), "1");
    EXPECT_EQ(count("job"), "1");
    EXPECT_THAT(look(to, {{"_weft_sent", ""}}).body, HasSubstr("Your entries have been sent."));
    EXPECT_THAT(look(to, {{"sent", "x"}}).body, HasSubstr("<form")) << "an input may be called so";
    EXPECT_EQ(
        send(form(R"({"redirect": "https://example.com/x"})"), "name=A").headers.get("location"),
        "https://example.com/x"
    );
}

TEST_F(FormsTest, ADoubleClickIsOneRunAndOtherEntriesAreAnother) {
    const auto to = form();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(send(to, "name=Ada&_weft_form=n1").status, 303);
    EXPECT_EQ(count("workflow_run"), "1");
    EXPECT_EQ(send(to, "name=Eve&_weft_form=n1").status, 303);
    EXPECT_EQ(count("workflow_run"), "2") << "somebody went back and wrote something else";
    EXPECT_EQ(send(to, "name=Ada&_weft_form=n2").status, 303);
    EXPECT_EQ(count("workflow_run"), "3");
}

TEST_F(FormsTest, WhatDoesNotFitComesBackWithWhatWasTyped) {
    const auto to = form();
    const auto back = send(to, "name=&age=7&_weft_form=n1");
    EXPECT_EQ(back.status, 422);
    EXPECT_THAT(back.body, HasSubstr("Please fill this in."));
    EXPECT_THAT(back.body, HasSubstr("Enter a whole number of at least 18."));
    EXPECT_THAT(back.body, HasSubstr(R"(value="7")"));
    EXPECT_THAT(back.body, HasSubstr(R"(name="_weft_form" value="n1")"));
    EXPECT_EQ(count("workflow_run"), "0");
    EXPECT_EQ(refused("input"), "1");
}

TEST_F(FormsTest, WhoFillsInWhatNobodySeesStartsNothing) {
    const auto to = form();
    const auto back = send(to, "name=Ada&_weft_website=http%3A%2F%2Fspam.example");
    EXPECT_EQ(back.status, 422);
    EXPECT_THAT(back.body, HasSubstr("as if a program had filled it in"));
    EXPECT_THAT(back.body, HasSubstr(R"(value="Ada")")) << "a person sends it again";
    EXPECT_THAT(back.body, Not(HasSubstr("spam.example")));
    EXPECT_EQ(count("workflow_run"), "0");
    EXPECT_EQ(refused("spam"), "1");
}

TEST_F(FormsTest, ProgramsSpeakJson) {
    const auto to = form();
    const auto sent = send(to, R"({"name": "Ada", "age": 20})", "application/json");
    EXPECT_EQ(sent.status, 202) << sent.body;
    EXPECT_EQ(parse_json(sent.body).value().at("run_id"), only_run());
    const auto wrong = send(to, R"({"name": "Ada", "age": "20"})", "application/json");
    EXPECT_EQ(wrong.status, 422);
    EXPECT_EQ(parse_json(wrong.body).value().at("field"), "input.age");
    EXPECT_EQ(send(to, "{", "application/json").status, 422);
    EXPECT_EQ(send(to, R"({"name": "Ada", "x": 1})", "application/json").status, 422);
    EXPECT_EQ(count("workflow_run"), "1");
}

TEST_F(FormsTest, MultipartIsReadAndFilesOfNobodyAreRefused) {
    const auto to = form();
    const std::string type = "multipart/form-data; boundary=xyz";
    const std::string name = "--xyz\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n";
    EXPECT_EQ(send(to, name + "--xyz--\r\n", type).status, 303);
    EXPECT_EQ(to_text(edge_.value(tenant_, only_run(), "input")), R"({"name":"Ada"})");
    const auto file = send(
        to,
        name + "--xyz\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\n\r\nx\r\n--xyz--",
        type
    );
    EXPECT_EQ(file.status, 422);
    EXPECT_EQ(refused("body"), "1");
    for (const std::string& broken :
         {std::string(), name, "--xyz\r\n" + name, name + "--xyzz", std::string("--xyz")})
        EXPECT_EQ(send(to, broken, type).status, 422) << broken;
    EXPECT_EQ(send(to, name + "--xyz--", "multipart/form-data").status, 422);
    std::string padded = "This is read by nobody.\r\n" + name + "--xyz-- \r\nNor is this.";
    padded.replace(padded.find("--xyz\r\n"), 7, "--xyz \t\r\n");
    EXPECT_EQ(send(to, padded, type).status, 303) << "RFC 2046: preamble, padding, epilogue";
    EXPECT_EQ(send(to, "name=Ada", "text/plain").status, 422);
    EXPECT_EQ(count("workflow_run"), "2");
}

TEST_F(FormsTest, OneAddressAndAllTogetherHaveTheirRates) {
    open({.of_form = {.per_second = 0.001, .burst = 5}, .of_address = {.per_second = 0.001, .burst = 2}});
    const auto to = form();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(send(to, "name=Ada").status, 303);
    const auto over = send(to, "name=Ada");
    EXPECT_EQ(over.status, 429);
    EXPECT_THAT(over.body, HasSubstr("Too many at once"));
    EXPECT_NE(over.headers.get("retry-after"), "");
    EXPECT_EQ(send(form(), "name=Ada").status, 303) << "another form's is its own";
    for (const char* other : {"192.0.2.2", "192.0.2.3", "192.0.2.4"}) {
        client_ = other;
        EXPECT_EQ(send(to, "name=Ada").status, 303);
    }
    client_ = "192.0.2.5";
    EXPECT_EQ(send(to, "name=Ada").status, 429) << "five of this form";
    EXPECT_EQ(refused("rate"), "2");
    EXPECT_EQ(look(to).status, 200) << "looking costs little";
}

TEST_F(FormsTest, WhatDoesNotFitCostsLittleOfTheRate) {
    open({.of_form = {.per_second = 0.001, .burst = 3}, .of_address = {.per_second = 0.001, .burst = 2}});
    const auto to = form();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(send(to, "name=").status, 422) << i;
    EXPECT_EQ(send(to, "name=Ada").status, 303) << "who looks again eight times is let through";
    EXPECT_EQ(send(to, "name=").status, 429) << "but not for ever";
    EXPECT_EQ(count("workflow_run"), "1");
}

TEST_F(FormsTest, AddressesOfFormsAndWebhooksAreNotEachOthers) {
    const auto page = form();
    EXPECT_EQ(edge_.status(edge_.request(page, "{}")), 404) << "a form is not started as a webhook";
    const auto hook = edge_.hook(tenant_, flow_, kOpen);
    EXPECT_EQ(look(hook).status, 404);
    EXPECT_EQ(send(hook, "name=Ada").status, 404);
    EXPECT_THAT(look({tenant_, page.id, "unknown", {}}).body, HasSubstr("No form here"));
    EXPECT_EQ(count("workflow_run"), "0");
}

TEST_F(FormsTest, AnInactiveTriggerOrWorkflowTakesNothing) {
    const auto to = form();
    ASSERT_EQ(look(to).status, 200);  // it is known now
    db_.scalar("update weft.trigger set state = 'inactive' where id = $1::uuid returning 1", {to.id.text()});
    EXPECT_EQ(send(to, "name=Ada").status, 404) << "the flush looks again";
    db_.scalar("update weft.trigger set state = 'active' where id = $1::uuid returning 1", {to.id.text()});
    db_.scalar("update weft.workflow set state = 'inactive' where id = $1::uuid returning 1", {flow_.text()});
    forms_->forget(to.id);
    EXPECT_EQ(look(to).status, 409);
    EXPECT_THAT(send(to, "name=Ada").body, HasSubstr("This form is closed"));
    EXPECT_EQ(count("workflow_run"), "0");
}

constexpr const char* kWithFiles = R"({"format": "weft-compiled/1", "inputs": {
    "type": "object", "required": ["cv"],
    "properties": {
        "name": {"type": "string"},
        "cv": {"type": "object", "format": "file", "accept": ".txt", "maxBytes": 200000},
        "more": {"type": "array", "maxItems": 2, "items": {"type": "object", "format": "file"}}
    }}})";

/// Forms whose files go to the disk as they come: through the router, as from a socket.
class FormFilesTest : public FormsTest {
  protected:
    FormFilesTest() {
        open({.files = &edge_.files_});
        forms_->add_routes(router_);
        flow_ = db_.create_workflow(tenant_, "files", kWithFiles).id;
    }
    static std::string part(const std::string& name, const std::string& filename, const std::string& bytes) {
        return "--xyz\r\ncontent-disposition: form-data; name=" + name + "; filename=\"" + filename +
               "\"\r\n\r\n" + bytes + "\r\n";
    }
    static std::string text(const std::string& name, const std::string& value) {
        return "--xyz\r\ncontent-disposition: form-data; name=" + name + "\r\n\r\n" + value + "\r\n";
    }
    http::Response post(const Edge::Hook& to, std::string parts) {
        auto made = edge_.request(to, std::move(parts) + "--xyz--\r\n");
        made.headers.set("Content-Type", "multipart/form-data; boundary=xyz");
        made.target = http::Target::parse("/forms/" + to.token).value();
        made.params = {};
        made.client = client_;
        const RequestId id = made.id;
        auto got = edge_.wait(router_.answer(std::move(made)));
        return got ? std::move(*got) : http::problem(got.error(), id);
    }
    std::size_t stored() const {
        std::size_t out = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(edge_.folder_.path()))
            out += entry.is_regular_file() && entry.path().parent_path().filename().string().starts_with('f');
        return out;
    }
    http::Router router_;
};

TEST_F(FormFilesTest, ARunIsGivenTheFilesOfItsForm) {
    const auto to = form();
    const std::string bytes(150'000, 'b');
    const std::string all = text("_weft_form", "n1") + text("name", "Ada") + part("cv", "../cv.txt", bytes) +
                            part("more", "a.bin", "one") + part("more", "b.bin", "two") +
                            part("more", "", "");
    EXPECT_EQ(post(to, all).status, 303);
    const Json input = edge_.value(tenant_, only_run(), "input");
    EXPECT_EQ(input.at("cv").at("name"), Json("cv.txt"));
    EXPECT_EQ(input.at("cv").at("sha256"), Json(hex(crypto::sha256(bytes))));
    ASSERT_EQ(input.at("more").get_array().size(), 2u);
    EXPECT_EQ(count("weft.file_use where run_id = '" + only_run() + "'"), "3");
    EXPECT_EQ(count("weft.file where origin = 'form'"), "3");
    EXPECT_EQ(post(to, all).status, 303) << "a second click";
    EXPECT_EQ(count("weft.workflow_run"), "1");
    EXPECT_EQ(count("weft.file"), "3");
    EXPECT_EQ(stored(), 3u);
    EXPECT_EQ(post(to, text("_weft_form", "n1") + part("cv", "cv.txt", "other")).status, 303);
    EXPECT_EQ(count("weft.workflow_run"), "2") << "another file under the same nonce";
}

TEST_F(FormFilesTest, WhatIsNotTakenIsNamedOnThePageAndLeavesNothing) {
    const auto to = form();
    const std::string name = text("name", "Ada");
    const auto large = post(to, name + part("cv", "cv.txt", std::string(200'001, 'b')));
    EXPECT_EQ(large.status, 422);
    EXPECT_THAT(large.body, HasSubstr("A file is larger than 195.3 KiB"));
    EXPECT_THAT(large.body, HasSubstr(R"(value="Ada")"));
    const auto kind = post(to, name + part("cv", "cv.exe", "MZ"));
    EXPECT_THAT(kind.body, HasSubstr("A file is of another kind. Accepted: .txt."));
    const auto many = post(
        to,
        part("cv", "cv.txt", "x") + part("more", "a", "1") + part("more", "b", "2") + part("more", "c", "3")
    );
    EXPECT_THAT(many.body, HasSubstr("Choose at most 2 files."));
    const auto none = post(to, name + part("cv", "", ""));
    EXPECT_THAT(none.body, HasSubstr("Please choose a file."));
    const auto trapped = post(to, part("cv", "cv.txt", "x") + text("_weft_website", "spam"));
    EXPECT_EQ(trapped.status, 422);
    EXPECT_EQ(post(to, part("cv", "cv.txt", "x").substr(0, 60)).status, 422) << "cut off";
    EXPECT_EQ(count("weft.workflow_run"), "0");
    EXPECT_EQ(count("weft.file"), "0");
    EXPECT_EQ(stored(), 0u);
    EXPECT_EQ(post(to, part("cv", "cv.txt", "x") + part("other", "a.bin", "y")).status, 303);
    EXPECT_EQ(count("weft.file"), "1") << "nobody asked for the other one";
}

}  // namespace
}  // namespace weft::ingress::testing
