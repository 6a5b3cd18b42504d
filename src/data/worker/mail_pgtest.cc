#include "core/connector/connector.h"
#include "core/trigger/mailbox.h"
#include "data/worker/detail/dovecot.h"
#include "data/worker/detail/test_looks.h"

namespace weft::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::int64_t kNow = 1'796'000'000;  // when the first messages came

std::string mail(int number, const std::string& more = "", const std::string& subject = "") {
    const std::string n = std::to_string(number);
    return "From: \"Bob\" <bob" + n +
           "@example.com>\r\nTo: ann@example.com\r\nSubject: " + (subject.empty() ? "Order " + n : subject) +
           "\r\nMessage-ID: <" + n + "@example.com>\r\n" + "Date: Tue, 1 Dec 2026 10:00:00 +0100\r\n" +
           (more.empty() ? "\r\nText " + n + "\r\n" : more);
}

class MailTest : public LooksTest {
  protected:
    void SetUp() override {
        LooksTest::SetUp();
        if (!pool_) return;
        dovecot_.emplace();
        ASSERT_TRUE(eventually([&] { return dovecot_->is_up(); }));
        options_.ca_file = dovecot_->certificate();
    }
    void TearDown() override {
        LooksTest::TearDown();
        dovecot_.reset();
    }

    std::string tls() const { return "imaps://localhost:" + std::to_string(dovecot_->tls_port()); }

    TriggerId look(
        const std::string& more = "", std::string url = "", const std::string& password = "secret-word"
    ) {
        if (url.empty()) url = tls();
        auto settings = trigger::parse_mailbox(*parse_json(R"({"connection":"mail")" + more + "}"));
        EXPECT_TRUE(settings) << settings.error().user << settings.error().field;
        const Json compiled = login_at(url, "ann", password);
        return add_trigger("mail", trigger::to_json(*settings), compiled);
    }
    std::vector<Json> messages() {
        std::vector<Json> out;
        for (const std::string& input : inputs()) out.push_back(*parse_json(input));
        return out;
    }
    std::vector<std::string> subjects() {
        std::vector<std::string> out;
        for (const Json& input : messages()) out.emplace_back(text_or(input.get_object(), "subject"));
        return out;
    }

    /// Of those of one transaction nobody knows the order.
    Json input_of(std::string_view subject) {
        for (const Json& input : messages())
            if (text_or(input.get_object(), "subject") == subject) return input;
        ADD_FAILURE() << subject;
        return JsonObject();
    }

    std::optional<Dovecot> dovecot_;
};

TEST_F(MailTest, WhatComesFromNowOnBeginsRunsAndTheLastMessageIsNoNews) {
    dovecot_->deliver("ann", mail(1), kNow);
    start_worker();
    const TriggerId id = look();
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(of(id, "coalesce(problem, 'none')"), "none");
    EXPECT_THAT(subjects(), IsEmpty());
    // Nothing is new, and "UID 2:*" answers with the last one.
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(subjects(), IsEmpty());
    dovecot_->deliver("ann", mail(2), kNow + 10);
    dovecot_->deliver("ann", mail(3), kNow + 20);
    ASSERT_TRUE(ask_again(id));
    ASSERT_THAT(subjects(), UnorderedElementsAre("Order 2", "Order 3"));
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(subjects().size(), 2u);
    EXPECT_EQ(of(id, "fired || ' ' || (cursor::json ->> 'uid')"), "2 3");
    const Json input = input_of("Order 2");
    EXPECT_EQ(to_text(input.at("from")), R"({"name":"Bob","address":"bob2@example.com"})");
    EXPECT_EQ(text_or(input.get_object(), "text"), "Text 2\r\n");
    EXPECT_TRUE(input.at("html").is_null());
    EXPECT_EQ(text_or(input.get_object(), "date"), "2026-12-01T09:00:00.000Z");
    EXPECT_EQ(text_or(input.get_object(), "received_at"), rfc3339(Instant(std::chrono::seconds(kNow + 10))));
    EXPECT_EQ(text_or(input.at("headers").get_object(), "message-id"), "<2@example.com>");
    EXPECT_THAT(dovecot_->files("ann", ""), testing::Each(testing::Not(HasSubstr("S"))))
        << "nothing is marked as seen";
}

TEST_F(MailTest, NumbersThatMeanOtherMessagesBeginNothingTwice) {
    for (int i = 1; i <= 3; ++i) dovecot_->deliver("ann", mail(i), kNow + i);
    start_worker();
    const TriggerId id = look();
    ASSERT_TRUE(asked(id, 1));
    for (int i = 4; i <= 5; ++i) dovecot_->deliver("ann", mail(i), kNow + i);
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(subjects(), UnorderedElementsAre("Order 4", "Order 5"));
    const std::string before = of(id, "cursor::json ->> 'validity'");
    dovecot_->number_anew("ann");
    dovecot_->deliver("ann", mail(6), kNow + 5);  // in the second of one that is known
    dovecot_->deliver("ann", mail(7), kNow + 70);
    ASSERT_TRUE(ask_again(id));
    EXPECT_NE(of(id, "cursor::json ->> 'validity'"), before);
    EXPECT_THAT(subjects(), UnorderedElementsAre("Order 4", "Order 5", "Order 6", "Order 7"));
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(subjects().size(), 4u);
    EXPECT_EQ(of(id, "cursor::json ->> 'finding' is null"), "true");
    dovecot_->deliver("ann", mail(8), kNow + 71);
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(subjects().size(), 5u);
}

TEST_F(MailTest, TextsAndFilesOfAMessage) {
    start_worker();
    const TriggerId id = look(R"(,"start":"all","attachments_mb":1)");
    const std::string large(2 << 20, 'x');
    dovecot_->deliver(
        "ann",
        mail(
            1,
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
            "quoted-printable\r\n\r\n"
            "caf=E9\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>caf\xC3\xA9</p>\r\n--b\r\n"
            "Content-Type: application/pdf; name=\"=?utf-8?Q?na=C3=AFve.pdf?=\"\r\n"
            "Content-Disposition: attachment\r\nContent-Transfer-Encoding: "
            "base64\r\n\r\naGVsbG8g\r\nd29ybGQ=\r\n--b\r\n"
            "Content-Type: text/plain\r\nContent-Disposition: attachment; "
            "filename=\"../../etc/large.txt\"\r\n\r\n" +
                large + "\r\n--b--\r\n",
            "=?utf-8?B?R3LDvMOfZQ==?="
        ),
        kNow
    );
    ASSERT_TRUE(ask_again(id));
    const auto seen = messages();
    ASSERT_EQ(seen.size(), 1u) << of(id, "problem");
    const JsonObject& input = seen[0].get_object();
    EXPECT_EQ(text_or(input, "subject"), "Grüße");
    EXPECT_EQ(text_or(input, "text"), "café");
    EXPECT_EQ(text_or(input, "html"), "<p>café</p>");
    const JsonArray& files = input.at("attachments").get_array();
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(text_or(files[0].get_object(), "name"), "naïve.pdf");
    EXPECT_EQ(files[0].at("size").if_int64(), 11);
    EXPECT_EQ(text_or(files[0].at("file").get_object(), "sha256").size(), 64u);
    EXPECT_EQ(text_or(files[1].get_object(), "name"), "large.txt");
    EXPECT_TRUE(files[1].at("file").is_null());
    EXPECT_THAT(text_or(files[1].get_object(), "problem"), HasSubstr("attachments_mb"));
    EXPECT_EQ(database().scalar("select count(*) from weft.file_use", {}), "1") << "its run was given it";
}

TEST_F(MailTest, AMessageCannotSpeakAsTheServer) {
    start_worker();
    const TriggerId id = look(R"(,"start":"all")");
    std::string hostile = "\r\n";
    for (int i = 0; i < 30; ++i)
        hostile +=
            "w" + std::to_string(i) + " OK done\r\n* BYE\r\n) BODY[1]<0> {3}\r\n* 9 FETCH (UID 9 X (((\r\n";
    dovecot_->deliver("ann", mail(1, hostile, "a\r\n w3 OK [UIDVALIDITY 1] x"), kNow);
    dovecot_->deliver("ann", mail(2), kNow + 1);
    ASSERT_TRUE(ask_again(id));
    const auto seen = messages();
    ASSERT_EQ(seen.size(), 2u) << of(id, "problem");
    const Json first = input_of("a w3 OK [UIDVALIDITY 1] x");
    EXPECT_EQ("\r\n" + std::string(text_or(first.get_object(), "text")), hostile);
}

TEST_F(MailTest, OnlyWhatPassesAndWhatBecomesOfItAfterwards) {
    for (int i = 1; i <= 3; ++i) dovecot_->deliver("ann", mail(i), kNow + i);
    start_worker();
    const TriggerId id = look(
        R"(,"start":"all","after":"move","move_to":"Gone","filter":{"path":"input.from.address","is":"equal","value":"bob2@example.com"})"
    );
    ASSERT_TRUE(asked(id, 1));
    EXPECT_THAT(subjects(), ElementsAre("Order 2"));
    // The folder is not there: nothing is lost, and it is said.
    ASSERT_TRUE(eventually([&] { return of(id, "coalesce(problem, '')") != ""; }));
    EXPECT_THAT(of(id, "problem"), HasSubstr("The mail server refused"));
    ASSERT_EQ(dovecot_->admin({"mailbox", "create", "-u", "ann", "Gone"}), 0);
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(dovecot_->files("ann", "").size(), 2u);
    EXPECT_EQ(dovecot_->files("ann", "/.Gone").size(), 1u);
    EXPECT_EQ(of(id, "(cursor::json -> 'todo') is null"), "true");
    EXPECT_THAT(subjects(), ElementsAre("Order 2"));
}

TEST_F(MailTest, SeenAndDeletedWhenTheOwnerSaysSo) {
    dovecot_->deliver("ann", mail(1), kNow);
    start_worker();
    const TriggerId seen = look(R"(,"start":"all","after":"seen","unseen":true)");
    ASSERT_TRUE(asked(seen, 2));
    ASSERT_THAT(dovecot_->files("ann", ""), ElementsAre(testing::EndsWith("S")));
    EXPECT_THAT(subjects(), ElementsAre("Order 1"));
    const TriggerId other = look(R"(,"start":"all","unseen":true)");
    ASSERT_TRUE(asked(other, 1));
    EXPECT_EQ(of(other, "fired"), "0") << "somebody has seen it";
    const TriggerId gone = look(R"(,"start":"all","after":"delete")");
    ASSERT_TRUE(asked(gone, 2));
    EXPECT_EQ(of(gone, "fired"), "1");
    EXPECT_THAT(dovecot_->files("ann", ""), IsEmpty());
}

TEST_F(MailTest, WorkersThatGoInTheMiddleLoseNothingAndBeginNothingTwice) {
    for (int i = 1; i <= 24; ++i) dovecot_->deliver("ann", mail(i), kNow + i);
    options_.poller.runs_max = 5;
    options_.poller.bytes_max = 4'000;  // some messages at once
    start_worker();
    const TriggerId id = look(R"(,"start":"all")");
    for (int round = 0; round < 12; ++round) {
        (void)wait(rt::sleep_for(std::chrono::milliseconds(10 + 35 * round), soon()));
        stop_worker();
        database().exec("update weft.trigger_poll set due_at = now(), lease_until = null");
        start_worker();
    }
    ASSERT_TRUE(eventually(
        [&] {
            return database().scalar(
                       "select count(*) from weft.workflow_run where tenant_id = $1::uuid", {tenant_.text()}
                   ) >= "24" &&
                   of(id, "cursor::json ->> 'uid'") == "24";
        },
        30s
    ));
    ASSERT_TRUE(ask_again(id));
    std::vector<std::string> expected;
    for (int i = 1; i <= 24; ++i) expected.push_back("Order " + std::to_string(i));
    EXPECT_THAT(subjects(), testing::UnorderedElementsAreArray(expected));
}

TEST_F(MailTest, IsReachedSecurelyOrNotAtAll) {
    dovecot_->deliver("ann", mail(1), kNow);
    start_worker();
    const auto problem = [&](const std::string& url, const std::string& password = "secret-word") {
        const TriggerId id = look(R"(,"start":"all")", url, password);
        EXPECT_TRUE(asked(id, 1));
        return of(id, "coalesce(problem, 'none')");
    };
    EXPECT_EQ(problem("imap://localhost:" + std::to_string(dovecot_->starttls_port())), "none");
    EXPECT_THAT(problem(tls(), "wrong"), HasSubstr("does not take this name and password"));
    EXPECT_THAT(
        problem("imaps://127.0.0.1:" + std::to_string(dovecot_->tls_port())), HasSubstr("certificate")
    );
    EXPECT_THAT(problem("imaps://127.0.0.2:993"), HasSubstr("--egress-allow=127.0.0.2:993"));
    EXPECT_THAT(problem(base_), HasSubstr("The connection is for http"));
    EXPECT_EQ(
        database().scalar(
            "select count(*) from weft.workflow_run where tenant_id = $1::uuid", {tenant_.text()}
        ),
        "1"
    );
}

}  // namespace
}  // namespace weft::worker
