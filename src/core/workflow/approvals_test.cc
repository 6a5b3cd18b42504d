#include "core/workflow/workflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::workflow {
namespace {

using testing::ElementsAre;

Result<Approval> asked(std::string_view with) {
    return approval_of(parse_json(with).value());
}
std::string field(std::string_view with) {
    auto approval = asked(with);
    return approval ? "" : approval.error().field;
}

TEST(Approvals, SayWhoDecidesAndHow) {
    const Approval approval = *asked(
        R"({"title":"Pay?","approvers":["Anna@Example.com","role:admin"],"need":2,"veto":true,
            "on-reject":"continue","form":{"type":"object","properties":{"n":{"type":"number"}}}})"
    );
    EXPECT_THAT(approval.approvers, ElementsAre("anna@example.com", "role:admin"));
    EXPECT_EQ(approval.need, 2);
    EXPECT_TRUE(approval.has_veto);
    EXPECT_EQ(approval.on_rejection, runstate::OnError::kContinue);
    EXPECT_TRUE(approval.form);
    const Approval again = *approval_of(policy_of(approval));
    EXPECT_EQ(again.approvers, approval.approvers);
    EXPECT_EQ(again.need, 2);
    EXPECT_FALSE(again.form) << "what is asked is a value of the run";
    EXPECT_EQ(asked(R"({"title":"Pay?"})")->on_rejection, runstate::OnError::kFail);
}

TEST(Approvals, ThatAreNoneNameTheirField) {
    EXPECT_EQ(field(R"({"title":7})"), "title");
    EXPECT_EQ(field(R"({"approvers":[]})"), "approvers");
    EXPECT_EQ(field(R"({"approvers":["role:boss"]})"), "approvers");
    EXPECT_EQ(field(R"({"approvers":["a@b.c"],"need":2})"), "need");
    EXPECT_EQ(field(R"({"need":2})"), "need") << "whoever has the address is one";
    EXPECT_EQ(field(R"({"approvers":["role:viewer"],"need":3})"), "");
    EXPECT_EQ(field(R"({"veto":"yes"})"), "veto");
    EXPECT_EQ(field(R"({"on-reject":"stop"})"), "on-reject");
    EXPECT_EQ(field(R"({"form":{"type":"string"}})"), "form");
    EXPECT_EQ(field(R"({"files":"invoice.pdf"})"), "files");
    EXPECT_EQ(field(R"({"files":[{"$file":"no id"}]})"), "files");
}

TEST(Approvals, ShowTheFilesTheyName) {
    const std::string a =
        R"({"$file":"01890000-0000-7000-8000-00000000000a","name":"a.pdf","type":"application/pdf","size":1,"sha256":""})";
    const std::string b = R"({"$file":"01890000-0000-7000-8000-00000000000b"})";
    const auto count = [](const std::string& files) {
        return asked(R"({"files":)" + files + "}")->files.size();
    };
    EXPECT_EQ(count(a), 1u);
    EXPECT_EQ(count("[" + a + "," + b + ",null," + a + "]"), 2u);
    EXPECT_EQ(count("null"), 0u);
    std::string many = "[" + a;
    for (int i = 0; i < 20; ++i) many += "," + a;
    EXPECT_EQ(field(R"({"files":)" + many + "]}"), "files");
    EXPECT_TRUE(approval_of(policy_of(*asked(R"({"files":)" + a + "}")))->files.empty())
        << "they are a value of the run";
}

TEST(Approvals, AreDecidedByThoseTheyName) {
    const Approval approval = *asked(R"({"approvers":["anna@example.com","role:admin"]})");
    EXPECT_TRUE(may_decide(approval, "ANNA@example.com", tenancy::Role::kViewer));
    EXPECT_TRUE(may_decide(approval, "x@example.com", tenancy::Role::kAdmin));
    EXPECT_TRUE(may_decide(approval, "x@example.com", tenancy::Role::kOwner)) << "a role includes lower ones";
    EXPECT_FALSE(may_decide(approval, "x@example.com", tenancy::Role::kBuilder));
    EXPECT_FALSE(may_decide(*asked("{}"), "x@example.com", tenancy::Role::kOwner)) << "it names nobody";
    EXPECT_THAT(deciding_roles(approval), ElementsAre("owner", "admin"));
}

TEST(Approvals, AreSettledOnceTheOutcomeIsCertain) {
    Approval two{.need = 2};
    EXPECT_EQ(verdict(two, 1, 0, 3), Verdict::kOpen);
    EXPECT_EQ(verdict(two, 2, 0, 3), Verdict::kApproved);
    EXPECT_EQ(verdict(two, 1, 1, 3), Verdict::kOpen);
    EXPECT_EQ(verdict(two, 0, 2, 3), Verdict::kRejected) << "one is left";
    EXPECT_EQ(verdict(two, 2, 1, 3), Verdict::kApproved);
    two.has_veto = true;
    EXPECT_EQ(verdict(two, 1, 1, 3), Verdict::kRejected);
    EXPECT_EQ(verdict({}, 0, 1, 1), Verdict::kRejected);
    EXPECT_EQ(verdict({}, 1, 0, 0), Verdict::kApproved);
}

TEST(AnswerAddresses, AreHiddenWhereverTheyStand) {
    const std::string token(43, 'x');
    EXPECT_EQ(
        hide_answer_addresses(
            R"({"a":"https://w/approve#)" + token + R"(","b":"see /callbacks/)" + token + R"(?x=1"})"
        ),
        R"({"a":"https://w/approve#hidden","b":"see /callbacks/hidden?x=1"})"
    );
    const std::string other = R"({"a":"/callbacks/orders","b":"/approve#","c":"/callbacks/)";
    EXPECT_EQ(hide_answer_addresses(other), other);
    EXPECT_EQ(hide_answer_addresses(other + token), other + "hidden");
}

}  // namespace
}  // namespace weft::workflow
