#include "core/form/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace weft::form {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Entries = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kInputs = R"({
    "type": "object",
    "required": ["name", "email", "seats", "meal", "terms"],
    "properties": {
        "name": {"type": "string", "title": "Your name", "maxLength": 80},
        "email": {"type": "string", "format": "email"},
        "web": {"type": "string", "format": "uri"},
        "seats": {"type": "integer", "minimum": 1, "maximum": 10, "default": 2},
        "price": {"type": ["number", "null"]},
        "meal": {"enum": ["meat", "fish", "none"]},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "extras": {"type": "array", "items": {"enum": ["wine", "cheese", 3]}, "maxItems": 2},
        "size": {"oneOf": [{"const": 1, "title": "Small"}, {"const": 2, "title": "Large"}]},
        "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "notes": {"type": "string", "maxLength": 500},
        "news": {"type": "boolean"},
        "terms": {"type": "boolean", "const": true}
    }
})";

Form form(std::string_view inputs = kInputs, std::string_view config = "{}") {
    const Json tree = parse_json(inputs).value();
    auto made = Form::make(&tree, parse_settings(parse_json(config).value()).value());
    EXPECT_TRUE(made) << made.error().user;
    return std::move(made).value();
}
Error refusal(std::string_view inputs, std::string_view config = "{}") {
    const Json tree = parse_json(inputs).value();
    auto made = Form::make(&tree, parse_settings(parse_json(config).value()).value());
    EXPECT_FALSE(made);
    return made ? Error() : made.error();
}
Entries good() {
    return {
        {"name", " Ada "}, {"email", "ada@example.com"}, {"seats", "3"}, {"meal", "fish"}, {"terms", "true"}
    };
}
Entries with(Entries entries, std::string name, std::string value) {
    std::erase_if(entries, [&](const auto& entry) { return entry.first == name; });
    entries.emplace_back(std::move(name), std::move(value));
    return entries;
}
std::string input(const Form& form, const Entries& entries) {
    const Reading reading = form.read(entries);
    EXPECT_TRUE(reading.problems.empty()) << form.fields()[*reading.problems[0].field].name;
    return to_text(Json(reading.input));
}
std::vector<std::string> problems(const Form& form, const Entries& entries) {
    std::vector<std::string> out;
    for (const Problem& problem : form.read(entries).problems)
        out.push_back(problem.field ? form.fields()[*problem.field].name : "?");
    return out;
}
std::string html(const Form& form, Entries entries = {}, std::span<const Problem> problems = {}) {
    return page(form, {.title = "Order", .nonce = "n1", .entries = entries, .problems = problems});
}

TEST(Form, EntriesBecomeWhatTheSchemaSays) {
    EXPECT_EQ(
        input(form(), good()),
        R"({"name":"Ada","email":"ada@example.com","seats":3,"meal":"fish","news":false,"terms":true})"
    );
    Entries all = good();
    for (const auto& [name, value] : Entries{
             {"price", "12.50"},
             {"day", "2026-12-01"},
             {"extras", "wine"},
             {"extras", "3"},
             {"size", "2"},
             {"code", "ABC"},
             {"notes", "a\r\nb"},
             {"news", "on"},
             {"web", "https://example.com/x"}
         })
        all.emplace_back(name, value);
    const std::string text = input(form(), all);
    EXPECT_THAT(text, HasSubstr(R"("price":12.50)"));
    EXPECT_THAT(text, HasSubstr(R"("extras":["wine",3])"));
    EXPECT_THAT(text, HasSubstr(R"("size":2)"));
    EXPECT_THAT(text, HasSubstr(R"("notes":"a\nb")"));
    EXPECT_THAT(text, HasSubstr(R"("news":true)"));
}

TEST(Form, LocalTimesAreThoseOfItsZone) {
    const auto at = form(kInputs, R"({"zone": "Europe/Madrid"})");
    EXPECT_THAT(
        input(at, with(good(), "at", "2026-07-01T09:30")),
        HasSubstr(R"("at":"2026-07-01T09:30:00.000+02:00")")
    );
    EXPECT_THAT(problems(at, with(good(), "at", "2026-07-01")), ElementsAre("at"));
    EXPECT_THAT(problems(at, with(good(), "at", "tomorrow")), ElementsAre("at"));
    EXPECT_THAT(problems(at, with(good(), "at", "2026-03-29T02:30")), ElementsAre("at")) << "clocks skip it";
    EXPECT_THAT(problems(at, with(good(), "at", "2026-10-25T02:30")), ElementsAre()) << "twice is the first";
    EXPECT_THAT(problems(form(), with(good(), "at", "2026-03-29T02:30")), ElementsAre()) << "UTC has it";
}

TEST(Form, EachWrongEntryIsNamedOnce) {
    EXPECT_THAT(problems(form(), {}), ElementsAre("name", "email", "seats", "meal", "terms"));
    struct Case {
        std::string name, value;
    };
    for (const Case& wrong : std::vector<Case>{
             {"name", "  "},
             {"name", std::string(81, 'a')},
             {"email", "ada"},
             {"web", "not an address"},
             {"seats", "0"},
             {"seats", "11"},
             {"seats", "2.5"},
             {"seats", "many"},
             {"seats", "0x3"},
             {"price", "1,5"},
             {"price", std::string(101, '1')},
             {"meal", "soup"},
             {"day", "2026-02-30"},
             {"extras", "beer"},
             {"size", "3"},
             {"code", "abc"},
             {"terms", "false"}
         })
        EXPECT_THAT(problems(form(), with(good(), wrong.name, wrong.value)), ElementsAre(wrong.name))
            << wrong.value;
    Entries twice = good();
    twice.emplace_back("name", "Eve");
    EXPECT_THAT(problems(form(), twice), ElementsAre("name"));
    Entries many = good();
    for (const char* extra : {"wine", "cheese", "3"}) many.emplace_back("extras", extra);
    EXPECT_THAT(problems(form(), many), ElementsAre("extras"));
}

TEST(Form, OnlyWhatIsAskedForIsTakenAndDefaultsFillTheRest) {
    const auto few = form(kInputs, R"({"fields": ["meal", "name", "email", "terms"]})");
    EXPECT_EQ(few.fields()[0].name, "meal");
    Entries entries = with(with(good(), "seats", "9"), "notes", "let me in");
    EXPECT_EQ(
        input(few, entries),
        R"({"meal":"fish","name":"Ada","email":"ada@example.com","terms":true,"seats":2})"
    );
    EXPECT_EQ(refusal(kInputs, R"({"fields": ["name"]})").field, "config.fields");
    EXPECT_EQ(
        refusal(kInputs, R"({"fields": ["name", "email", "meal", "terms", "phone"]})").field, "config.fields"
    );
}

TEST(Form, ProgramsSendValuesAndHearWhatIsWrong) {
    const auto read = [](std::string_view json) { return form().read(parse_json(json).value()); };
    EXPECT_TRUE(read(R"({"name":"A","email":"a@b.cd","seats":1,"meal":"none","terms":true})").problems.empty()
    );
    EXPECT_EQ(read("[1]").problems.size(), 1U);
    EXPECT_EQ(read(R"({"admin":true})").problems[0].expected, "The form has no field \"admin\"");
    const auto wrong = read(R"({"name":"A","email":"a@b.cd","seats":"1","meal":"none","terms":true})");
    ASSERT_EQ(wrong.problems.size(), 1U);
    EXPECT_THAT(wrong.problems[0].expected, HasSubstr("must be an integer"));
}

TEST(Form, WhatAPageCannotAskForIsSaid) {
    auto with_field = [](std::string_view schema) {
        return refusal(R"({"type":"object","properties":{"x":)" + std::string(schema) + "}}");
    };
    for (std::string_view schema :
         {R"({"type":"object"})",
          R"({"type":"array","items":{"type":"string"}})",
          R"({"$ref":"#/$defs/a"})",
          R"({"type":"string","format":"binary"})",
          R"({"type":"string","contentEncoding":"base64"})",
          R"({"type":["string","number"]})",
          R"({"enum":[[1]]})",
          R"({"enum":[1,"1"]})",
          R"({"enum":["a",""]})",
          R"({"type":"array","items":{"enum":["a","a"]}})",
          R"({"oneOf":[{"const":true},{"const":"true"}]})",
          "true",
          R"({"oneOf":[{"type":"string"}]})"}) {
        const Error error = with_field(schema);
        EXPECT_EQ(error.code, Code::kInvalid) << schema;
        EXPECT_EQ(error.field, "inputs.properties.x") << schema;
    }
    EXPECT_THAT(with_field(R"({"type":"string","format":"binary"})").user, HasSubstr("format: file"));
    for (std::string_view taken : {"_weft_form", "_weft_website", "_weft_sent"})
        EXPECT_EQ(
            refusal(R"({"type":"object","properties":{")" + std::string(taken) + R"(":{"type":"string"}}})")
                .code,
            Code::kInvalid
        ) << taken;
    EXPECT_EQ(refusal(R"({"type":"array"})").field, "inputs.type");
}

TEST(Form, WithoutInputsItIsAButton) {
    const auto made = Form::make(nullptr, {});
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->fields().empty());
    EXPECT_EQ(to_text(Json(made->read(Entries{{"x", "1"}}).input)), "{}");
}

TEST(FormSettings, AreCheckedAndKept) {
    constexpr std::string_view kAll =
        R"({"title":"T","description":"D","button":"B","thanks":"Th","redirect":"https://example.com/a?b=c#d",)"
        R"("path":"contact-us","fields":["a"],"zone":"Europe/Madrid"})";
    const auto settings = parse_settings(parse_json(kAll).value());
    ASSERT_TRUE(settings);
    EXPECT_EQ(to_text(to_json(*settings)), kAll);
    EXPECT_EQ(redirect_origin(*settings), "https://example.com");
    struct Case {
        std::string_view config, field;
    };
    for (const Case& wrong : std::vector<Case>{
             {R"({"redirect":"http://example.com"})", "config.redirect"},
             {R"({"redirect":"javascript:alert"})", "config.redirect"},
             {R"({"redirect":"https://"})", "config.redirect"},
             {R"({"redirect":"https://a.example:99:1/"})", "config.redirect"},
             {R"({"redirect":"https://a.example:99999/"})", "config.redirect"},
             {R"({"redirect":"https://a.example;script-src *"})", "config.redirect"},
             {R"({"redirect":"https://user@example.com"})", "config.redirect"},
             {R"({"redirect":"https://example.com/\r\nset-cookie: a=b"})", "config.redirect"},
             {R"({"path":"A"})", "config.path"},
             {R"({"path":"whk_abc"})", "config.path"},
             {R"({"path":"-ab"})", "config.path"},
             {R"({"title":1})", "config.title"},
             {R"({"zone":"Mars"})", "config.zone"},
             {R"({"fields":["a","a"]})", "config.fields"},
             {R"({"colour":"red"})", "config.colour"}
         }) {
        const auto refused = parse_settings(parse_json(wrong.config).value());
        ASSERT_FALSE(refused) << wrong.config;
        EXPECT_EQ(refused.error().field, wrong.field);
    }
}

TEST(FormPage, NoTextOfAnybodyIsMarkup) {
    constexpr std::string_view kEvil = R"(\"'><script>alert(1)</script>&)";
    std::string inputs(
        R"({"type":"object","description":"@","properties":{"@":{"type":"string","title":"@",)"
        R"("description":"@","examples":["@"],"default":"@"},"pick":{"enum":["@"],"title":"@"},)"
        R"("some":{"type":"array","items":{"enum":["@","b"]}},"long":{"type":"string",)"
        R"("format":"textarea","default":"</textarea>@"},"tick":{"type":"boolean","title":"@"}}})"
    );
    std::string config(R"({"title":"@","description":"@","button":"@","thanks":"@"})");
    for (std::string* text : {&inputs, &config})
        for (std::size_t at = text->find('@'); at != std::string::npos; at = text->find('@'))
            text->replace(at, 1, kEvil);
    const auto evil = form(inputs, config);
    const std::string typed = "\"'><script>alert(1)</script>";
    const Entries entries{{typed + "&", typed}, {"long", typed}, {"pick", typed}};
    const auto reading = evil.read(entries);
    for (const std::string& text :
         {html(evil),
          html(evil, entries, reading.problems),
          notice_page(Notice::kSent, Language::kEnglish, typed, typed)}) {
        EXPECT_THAT(text, Not(HasSubstr("<script")));
        EXPECT_THAT(text, Not(HasSubstr("</textarea>&quot;")));
        EXPECT_THAT(text, Not(HasSubstr("\"'>")));
    }
    EXPECT_THAT(html(evil), HasSubstr("&lt;script&gt;"));
}

TEST(FormPage, ShowsPresetsThenWhatWasTyped) {
    const auto it = form();
    EXPECT_THAT(html(it), HasSubstr(R"(name="seats" required min="1" max="10" step="1" value="2">)"));
    EXPECT_THAT(html(it), HasSubstr(R"(<input type="email")"));
    EXPECT_THAT(html(it), HasSubstr("<textarea"));
    EXPECT_THAT(html(it), HasSubstr(R"(name="_weft_form" value="n1")"));
    EXPECT_THAT(html(it, {{"name", "Ada"}}), HasSubstr(R"(value="Ada")"));  // asked for by the address
    const Entries typed = with(with(good(), "seats", "99"), "meal", "none");
    const auto again = html(it, typed, it.read(typed).problems);
    EXPECT_THAT(
        again,
        HasSubstr(
            R"(aria-describedby="f3-error" aria-invalid="true" autofocus min="1" max="10" step="1" value="99")"
        )
    );
    EXPECT_THAT(again, HasSubstr(R"(id="f3-error">Enter a whole number from 1 to 10.)"));
    EXPECT_THAT(again, HasSubstr(R"(value="none" checked)"));
    EXPECT_THAT(again, HasSubstr(R"(role="alert")"));
    EXPECT_THAT(again, HasSubstr(R"(<a href="#f3">seats</a>)"));
    // What was left empty does not come back as its preset.
    const Entries emptied = with(with(good(), "seats", ""), "email", "x");
    EXPECT_THAT(html(it, emptied, it.read(emptied).problems), HasSubstr(R"(max="10" step="1" value="">)"));
}

TEST(FormPage, AnAddressTicksABoxButGivesNoConsent) {
    const auto it = form(R"({"type":"object","required":["must"],"properties":{
        "news":{"type":"boolean"},"must":{"type":"boolean","const":true,"default":true}}})");
    const auto is_ticked = [&](std::string name, std::string value) {
        return html(it, {{std::move(name), std::move(value)}}).contains(" checked");
    };
    EXPECT_TRUE(is_ticked("news", "true"));
    EXPECT_FALSE(is_ticked("news", "false"));
    EXPECT_FALSE(is_ticked("news", "0"));
    EXPECT_FALSE(is_ticked("news", ""));
    EXPECT_FALSE(is_ticked("must", "true"));
    EXPECT_FALSE(html(it).contains(" checked"));
    const Problem of_news{0, Problem::Kind::kWrong, ""};
    EXPECT_TRUE(html(it, {{"must", "true"}}, std::span(&of_news, 1)).contains(" checked")) << "it was given";
}

TEST(FormPage, FocusIsAtTheFirstWrongEntryOnly) {
    const auto it = form();
    const std::string text = html(it, {}, it.read(Entries{}).problems);
    const auto first = text.find("autofocus");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(text.find("autofocus", first + 1), std::string::npos);
    EXPECT_LT(text.rfind("name=\"name\"", first), first);
}

TEST(FormPage, SpeaksTheReadersLanguage) {
    EXPECT_EQ(language_of(""), Language::kEnglish);
    EXPECT_EQ(language_of("es-MX,es;q=0.9,en;q=0.5"), Language::kSpanish);
    EXPECT_EQ(language_of("de, en;q=0.4, es;q=0.7"), Language::kSpanish);
    EXPECT_EQ(language_of("en-GB,es;q=0.9"), Language::kEnglish);
    EXPECT_EQ(language_of("es;q=0"), Language::kEnglish);
    EXPECT_EQ(language_of(std::string(5000, ',') + "es"), Language::kEnglish);
    const auto it = form();
    const auto text =
        page(it, {.language = Language::kSpanish, .title = "T", .problems = it.read(Entries{}).problems});
    EXPECT_THAT(text, HasSubstr("<html lang=\"es\">"));
    EXPECT_THAT(text, HasSubstr("Rellene este campo."));
    EXPECT_THAT(text, HasSubstr(">Enviar</button>"));
}

/// WCAG's contrast of two "#rgb" or "#rrggbb".
double contrast(std::string_view a, std::string_view b) {
    auto luminance = [](std::string_view colour) {
        std::string digits(colour.substr(1));
        if (digits.size() == 3) digits = {digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]};
        double out = 0;
        const double weights[] = {0.2126, 0.7152, 0.0722};
        for (std::size_t i = 0; i < 3; ++i) {
            const double c = std::stoi(digits.substr(2 * i, 2), nullptr, 16) / 255.0;
            out += weights[i] * (c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
        }
        return out;
    };
    const auto [low, high] = std::minmax(luminance(a), luminance(b));
    return (high + 0.05) / (low + 0.05);
}

TEST(FormPage, ItsColoursCanBeReadInLightAndDark) {
    std::string_view css = style();
    for (int scheme = 0; scheme < 2; ++scheme) {
        css.remove_prefix(css.find(":root") + 5);
        auto colour = [&](std::string_view name) {
            const auto at = css.find("--" + std::string(name) + ": ") + name.size() + 4;
            return css.substr(at, css.find(';', at) - at);
        };
        for (auto [on, what] : std::vector<std::pair<std::string_view, std::string_view>>{
                 {"card", "ink"},
                 {"card", "soft"},
                 {"card", "bad"},
                 {"main", "on"},
                 {"wash", "ink"},
                 {"page", "ink"}
             })
            EXPECT_GE(contrast(colour(on), colour(what)), 4.5) << on << " " << what << " " << scheme;
        EXPECT_GE(contrast(colour("card"), colour("line")), 3.0);
    }
}

constexpr std::string_view kWithFiles = R"({
    "type": "object",
    "required": ["cv"],
    "properties": {
        "name": {"type": "string"},
        "cv": {"type": "object", "format": "file", "title": "Your CV", "accept": ".pdf, Image/*", "maxBytes": 1500000},
        "scans": {"type": "array", "minItems": 2, "maxItems": 3, "items":
            {"type": "object", "format": "file", "accept": ["text/csv"], "maxBytes": 2048}}
    }
})";

std::optional<Problem::Kind> refusal_of(const Form& form, const SentFile& file) {
    const auto problem = form.refuse(file);
    return problem ? std::optional(problem->kind) : std::nullopt;
}

TEST(FormFiles, AreTakenByNameTypeSizeAndNumber) {
    using Kind = Problem::Kind;
    const Form asks = form(kWithFiles);
    EXPECT_TRUE(asks.takes_files());
    EXPECT_EQ(asks.file_bytes_max(), 1'500'000 + 3 * 2048);
    EXPECT_EQ(refusal_of(asks, {.field = "cv", .name = "A.PDF"}), std::nullopt);
    EXPECT_EQ(refusal_of(asks, {.field = "cv", .name = "a", .type = "image/png; q=1"}), std::nullopt);
    EXPECT_EQ(
        refusal_of(asks, {.field = "cv", .name = "a.png", .type = "application/octet-stream"}), std::nullopt
    );
    EXPECT_EQ(refusal_of(asks, {.field = "cv", .name = "a.exe", .type = "text/plain"}), Kind::kWrongType);
    EXPECT_EQ(refusal_of(asks, {.field = "cv", .name = "pdf", .type = ""}), Kind::kWrongType);
    EXPECT_EQ(refusal_of(asks, {.field = "cv", .name = "a.pdf", .bytes = 1'500'000}), std::nullopt);
    EXPECT_EQ(refusal_of(asks, {.field = "cv", .name = "a.pdf", .bytes = 1'500'001}), Kind::kTooLarge);
    EXPECT_EQ(refusal_of(asks, {.field = "cv", .name = "a.pdf", .before = 1}), Kind::kTooMany);
    EXPECT_EQ(refusal_of(asks, {.field = "scans", .name = "a.csv", .before = 2}), std::nullopt);
    EXPECT_EQ(refusal_of(asks, {.field = "scans", .name = "a.csv", .before = 3}), Kind::kTooMany);
    for (const char* other : {"name", "nobody"})
        EXPECT_EQ(asks.refuse({.field = other, .name = "a.pdf"})->field, std::nullopt);
}

TEST(FormFiles, HandlesBecomeTheInput) {
    const Form asks = form(kWithFiles);
    const Json one = parse_json(R"({"$file": "x", "name": "a.pdf"})").value();
    Files files{.handles = {{"cv", one}, {"scans", one}, {"scans", one}}, .problems = {}};
    const auto reading = asks.read(Entries{{"name", "Ada"}}, files);
    EXPECT_TRUE(reading.problems.empty());
    EXPECT_EQ(reading.input.at("cv"), one);
    EXPECT_EQ(reading.input.at("scans").get_array().size(), 2u);
    files.handles.pop_back();
    files.handles.erase(files.handles.begin());
    const auto few = asks.read(Entries{}, files);
    ASSERT_EQ(few.problems.size(), 2u);
    EXPECT_EQ(few.problems[0].kind, Problem::Kind::kMissing);
    EXPECT_EQ(few.problems[1].kind, Problem::Kind::kWrong);
    EXPECT_EQ(asks.read(parse_json(R"({"cv": {"$file": "x"}})").value()).problems.size(), 1u)
        << "an id in a text is no file";
}

TEST(FormFiles, ThePageNamesTheLimitsAndAsksAgain) {
    const Form asks = form(kWithFiles);
    const std::string shown = html(asks);
    EXPECT_THAT(shown, HasSubstr(R"(enctype="multipart/form-data")"));
    EXPECT_THAT(
        shown, HasSubstr(R"(<input type="file" id="f1" name="cv" required aria-describedby="f1-hint")")
    );
    EXPECT_THAT(shown, HasSubstr(R"(accept=".pdf,image/*")"));
    EXPECT_THAT(shown, HasSubstr("At most 1.4 MiB. Accepted: .pdf, image/*."));
    EXPECT_THAT(shown, HasSubstr("At most 3 files of 2 KiB each. Accepted: text/csv."));
    EXPECT_THAT(shown, HasSubstr(" multiple"));
    const std::vector<Problem> problems{{1, Problem::Kind::kTooLarge, ""}, {2, Problem::Kind::kWrong, ""}};
    const std::string again = html(asks, {}, problems);
    EXPECT_THAT(again, HasSubstr("A file is larger than 1.4 MiB."));
    EXPECT_THAT(again, HasSubstr("Choose at least 2 files."));
    EXPECT_THAT(again, HasSubstr("Please choose the files again"));
    EXPECT_THAT(html(form()), Not(HasSubstr("enctype")));
}

TEST(FormFiles, WhatCannotBeAskedForIsNamed) {
    const auto of = [](const std::string& schema) {
        return refusal(R"({"type": "object", "properties": {"f": )" + schema + "}}").user;
    };
    EXPECT_THAT(of(R"({"type": "object", "format": "file", "accept": "images"})"), HasSubstr("accept says"));
    EXPECT_THAT(of(R"({"type": "object", "format": "file", "accept": [1]})"), HasSubstr("accept says"));
    EXPECT_THAT(of(R"({"type": "object", "format": "file", "maxBytes": 0})"), HasSubstr("maxBytes"));
    EXPECT_THAT(of(R"({"type": "string", "contentEncoding": "base64"})"), HasSubstr("format: file"));
}

}  // namespace
}  // namespace weft::form
