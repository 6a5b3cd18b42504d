#include "core/form/page.h"

#include "core/form/detail/values.h"
#include "core/form/detail/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weft::form {

namespace {

using detail::Word;
using detail::word;

constexpr std::size_t kRadiosMax = 5;  // more choices are a list that opens
constexpr int kLinesOfLongText = 5;

/// For text between tags and in quoted attributes alike.
std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '\0':
                break;
            default:
                out += c;
        }
    }
    return out;
}

template <class... Values>
std::string filled(Word pattern, Language language, const Values&... values) {
    return fmt::format(fmt::runtime(word(pattern, language)), values...);
}

struct BoundWords {
    Word both, least, most;
};
template <class Number>
std::string bounds_text(
    const std::optional<Number>& least, const std::optional<Number>& most, BoundWords words, Language language
) {
    auto text = [](const Number& number) {
        if constexpr (requires { number.text(); })
            return number.text();
        else
            return std::to_string(number);
    };
    if (least && most) return filled(words.both, language, text(*least), text(*most));
    if (least) return filled(words.least, language, text(*least));
    if (most) return filled(words.most, language, text(*most));
    return "";
}

/// Never more than it is.
std::string size_text(std::int64_t bytes) {
    constexpr std::array<std::string_view, 4> kUnits = {"B", "KiB", "MiB", "GiB"};
    std::size_t unit = 0;
    std::int64_t tenths = bytes * 10;
    for (; unit + 1 < kUnits.size() && tenths >= 10'240; ++unit) tenths /= 1024;
    if (tenths % 10 == 0) return fmt::format("{} {}", tenths / 10, kUnits[unit]);
    return fmt::format("{}.{} {}", tenths / 10, tenths % 10, kUnits[unit]);
}

std::string accepted(const Field& field, Language language) {
    return filled(Word::kAccepted, language, fmt::format("{}", fmt::join(field.accepts, ", ")));
}

/// What people should know before they choose.
std::string file_limits(const Field& field, Language language) {
    const std::string size = size_text(field.bytes_max);
    std::string out = field.kind == Kind::kFiles
                          ? filled(Word::kFilesAtMost, language, field.most_count.value_or(1), size)
                          : filled(Word::kFileAtMost, language, size);
    if (!field.accepts.empty()) out += " " + accepted(field, language);
    return out;
}

std::string wrong_file(const Field& field, Problem::Kind problem, Language language) {
    switch (problem) {
        case Problem::Kind::kMissing:
            return std::string(word(Word::kPickFile, language));
        case Problem::Kind::kTooLarge:
            return filled(Word::kFileTooLarge, language, size_text(field.bytes_max));
        case Problem::Kind::kWrongType:
            return std::string(word(Word::kFileWrongType, language)) + " " + accepted(field, language);
        case Problem::Kind::kTooMany:
            return filled(Word::kFilesTooMany, language, field.most_count.value_or(1));
        case Problem::Kind::kWrong:
            break;
    }
    if (field.least_count) return filled(Word::kFilesTooFew, language, *field.least_count);
    return std::string(word(Word::kPickFile, language));
}

std::string head(std::string_view title, Language language) {
    return fmt::format(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"robots\" content=\"noindex, nofollow\"><meta name=\"color-scheme\" content=\"light "
        "dark\">"
        "<title>{}</title><style>{}</style></head><body><main>\n",
        kLanguages[static_cast<std::size_t>(language)],
        escaped(title),
        style()
    );
}
constexpr std::string_view kFoot = "</main></body></html>\n";

/// One entry of the page, with all that it needs to know.
class Entry {
  public:
    Entry(const Form& form, const Page& page, std::size_t at)
        : form_(form), field_(form.fields()[at]), language_(page.language), id_(fmt::format("f{}", at)) {
        for (const auto& [name, value] : page.entries)
            if (name == field_.name) typed_.emplace_back(value);
        is_again_ = page.problems.size() > 0 || page.is_trapped;
        const auto problem = std::ranges::find(page.problems, std::optional(at), &Problem::field);
        if (problem != page.problems.end()) problem_ = problem->kind;
        is_first_ = problem_ && std::ranges::find_if(page.problems, [](const Problem& each) {
                                    return each.field.has_value();
                                }) == problem;
    }

    std::string html() const {
        switch (field_.kind) {
            case Kind::kBoolean:
                return checkbox();
            case Kind::kChoices:
                return group("checkbox");
            case Kind::kChoice:
                return field_.options.size() <= kRadiosMax ? group("radio") : list();
            case Kind::kFile:
            case Kind::kFiles:
                return files();
            default:
                return line();
        }
    }

  private:
    std::string mark() const {
        if (field_.is_required) return " <span class=\"star\" aria-hidden=\"true\">*</span>";
        return fmt::format(" <span class=\"optional\">({})</span>", word(Word::kOptional, language_));
    }
    std::string hint() const {
        std::string text = field_.help;
        if (field_.kind == Kind::kDateTime) {
            if (!text.empty()) text += ' ';
            text += filled(Word::kTimesIn, language_, form_.settings().zone.name());
        }
        if (is_file(field_.kind)) {
            if (!text.empty()) text += ' ';
            text += file_limits(field_, language_);
        }
        return text.empty() ? "" : fmt::format("<p class=\"hint\" id=\"{}-hint\">{}</p>", id_, escaped(text));
    }
    std::string error() const {
        if (!problem_) return "";
        return fmt::format(
            "<p class=\"error\" id=\"{}-error\">{}</p>",
            id_,
            escaped(problem_text(field_, *problem_, language_))
        );
    }
    /// Ties hint and error to the entry.
    std::string described() const {
        std::string ids;
        if (!hint().empty()) ids += id_ + "-hint";
        if (problem_) ids += (ids.empty() ? "" : " ") + id_ + "-error";
        return ids.empty() ? "" : fmt::format(" aria-describedby=\"{}\"", ids);
    }
    std::string invalid() const { return problem_ ? " aria-invalid=\"true\"" : ""; }
    std::string required() const { return field_.is_required ? " required" : ""; }
    std::string focus() const { return is_first_ ? " autofocus" : ""; }

    /// What the entry shows: what was typed, else the preset.
    std::string text() const {
        if (!typed_.empty()) return std::string(typed_.front());
        if (is_again_ || !field_.preset) return "";
        return detail::shown(field_, *field_.preset, form_.settings().zone);
    }
    bool is_picked(const Option& option) const {
        if (is_again_ || !typed_.empty()) return std::ranges::find(typed_, option.key) != typed_.end();
        if (!field_.preset) return false;
        const JsonArray* several = field_.preset->if_array();
        if (several == nullptr) return *field_.preset == option.value;
        return std::ranges::find(*several, option.value) != several->end();
    }

    std::string labelled(std::string entry) const {
        return fmt::format(
            "<div class=\"field\"><label for=\"{}\">{}{}</label>{}{}{}</div>\n",
            id_,
            escaped(field_.label),
            mark(),
            hint(),
            entry,
            error()
        );
    }
    std::string common() const {
        std::string sample =
            field_.sample.empty() ? "" : fmt::format(" placeholder=\"{}\"", escaped(field_.sample));
        if (field_.kind == Kind::kEmail) sample += " autocomplete=\"email\"";
        return fmt::format(
            " id=\"{}\" name=\"{}\"{}{}{}{}{}",
            id_,
            escaped(field_.name),
            sample,
            required(),
            described(),
            invalid(),
            focus()
        );
    }
    std::string limits() const {
        std::string out;
        if (field_.kind == Kind::kNumber || field_.kind == Kind::kInteger) {
            if (field_.least) out += fmt::format(" min=\"{}\"", field_.least->text());
            if (field_.most) out += fmt::format(" max=\"{}\"", field_.most->text());
            out += field_.kind == Kind::kNumber ? " step=\"any\"" : " step=\"1\"";
            return out;
        }
        if (field_.least_count) out += fmt::format(" minlength=\"{}\"", *field_.least_count);
        if (field_.most_count) out += fmt::format(" maxlength=\"{}\"", *field_.most_count);
        return out;
    }
    std::string_view type() const {
        switch (field_.kind) {
            case Kind::kEmail:
                return "email";
            case Kind::kUrl:
                return "url";
            case Kind::kDate:
                return "date";
            case Kind::kDateTime:
                return "datetime-local";
            case Kind::kNumber:
            case Kind::kInteger:
                return "number";
            default:
                return "text";
        }
    }

    std::string line() const {
        if (field_.kind == Kind::kLongText)
            // The first line end is the page's, not the text's.
            return labelled(fmt::format(
                "<textarea rows=\"{}\"{}{}>\n{}</textarea>",
                kLinesOfLongText,
                common(),
                limits(),
                escaped(text())
            ));
        return labelled(
            fmt::format("<input type=\"{}\"{}{} value=\"{}\">", type(), common(), limits(), escaped(text()))
        );
    }
    std::string files() const {
        std::string more = field_.kind == Kind::kFiles ? " multiple" : "";
        if (!field_.accepts.empty())
            more += fmt::format(" accept=\"{}\"", escaped(fmt::format("{}", fmt::join(field_.accepts, ","))));
        return labelled(fmt::format("<input type=\"file\"{}{}>", common(), more));
    }
    std::string checkbox() const {
        const bool was_on = field_.preset && *field_.preset == Json(true);
        const bool is_typed = is_again_ || !typed_.empty();
        bool is_on = is_typed ? !typed_.empty() && detail::is_ticked(typed_.front()) : was_on;
        if (field_.must_be_true && !is_again_) is_on = false;  // a consent is given by who reads it
        const bool is_demanded = field_.must_be_true && field_.is_required;
        return fmt::format(
            "<div class=\"field\"><div class=\"tick\"><input type=\"checkbox\" value=\"true\" id=\"{}\" "
            "name=\"{}\"{}{}{}{}{}>"
            "<label for=\"{}\">{}{}</label></div>{}{}</div>\n",
            id_,
            escaped(field_.name),
            is_on ? " checked" : "",
            is_demanded ? " required" : "",
            described(),
            invalid(),
            focus(),
            id_,
            escaped(field_.label),
            is_demanded ? mark() : "",
            hint(),
            error()
        );
    }
    std::string list() const {
        std::string options = fmt::format("<option value=\"\">{}</option>", word(Word::kChoose, language_));
        for (const Option& option : field_.options)
            options += fmt::format(
                "<option value=\"{}\"{}>{}</option>",
                escaped(option.key),
                is_picked(option) ? " selected" : "",
                escaped(option.text)
            );
        return labelled(fmt::format("<select{}>{}</select>", common(), options));
    }
    std::string group(std::string_view type) const {
        std::string entries;
        for (std::size_t i = 0; i < field_.options.size(); ++i) {
            const Option& option = field_.options[i];
            const bool is_demanded = field_.is_required && type == "radio";
            // The link of the summary leads to the first one.
            const std::string id = i == 0 ? id_ : fmt::format("{}-{}", id_, i);
            entries += fmt::format(
                "<div class=\"tick\"><input type=\"{}\" id=\"{}\" name=\"{}\" value=\"{}\"{}{}{}>"
                "<label for=\"{}\">{}</label></div>",
                type,
                id,
                escaped(field_.name),
                escaped(option.key),
                is_picked(option) ? " checked" : "",
                is_demanded ? " required" : "",
                i == 0 ? focus() : "",
                id,
                escaped(option.text)
            );
        }
        return fmt::format(
            "<fieldset class=\"field\"{}><legend>{}{}</legend>{}{}{}</fieldset>\n",
            described(),
            escaped(field_.label),
            mark(),
            hint(),
            entries,
            error()
        );
    }

    const Form& form_;
    const Field& field_;
    Language language_;
    std::string id_;
    std::vector<std::string_view> typed_;
    std::optional<Problem::Kind> problem_;
    bool is_again_ = false;  // the page comes back: what is empty was left empty
    bool is_first_ = false;  // of those with a problem
};

/// What is wrong, with links to where.
std::string summary(const Form& form, const Page& page) {
    const std::string again =
        form.takes_files() ? fmt::format("<p>{}</p>", word(Word::kFilesAgain, page.language)) : "";
    if (page.is_trapped)
        return fmt::format(
            "<div class=\"alert\" role=\"alert\"><p>{}</p>{}</div>\n",
            word(Word::kTrapped, page.language),
            again
        );
    if (page.problems.empty()) return "";
    std::string items;
    for (const Problem& problem : page.problems) {
        if (!problem.field) {
            items += fmt::format("<li>{}</li>", escaped(problem.expected));
            continue;
        }
        const Field& field = form.fields()[*problem.field];
        items += fmt::format(
            "<li><a href=\"#f{}\">{}</a>: {}</li>",
            *problem.field,
            escaped(field.label),
            escaped(problem_text(field, problem.kind, page.language))
        );
    }
    const std::string lead = page.problems.size() == 1
                                 ? std::string(word(Word::kOneWrong, page.language))
                                 : filled(Word::kSomeWrong, page.language, page.problems.size());
    return fmt::format(
        "<div class=\"alert\" role=\"alert\"><p>{}</p><ul>{}</ul>{}</div>\n", lead, items, again
    );
}

struct NoticeRow {
    Notice notice;
    Word title, text;
};
constexpr std::array kNotices{
    NoticeRow{Notice::kSent, Word::kSentTitle, Word::kSentText},
    NoticeRow{Notice::kUnknown, Word::kUnknownTitle, Word::kUnknownText},
    NoticeRow{Notice::kInactive, Word::kInactiveTitle, Word::kInactiveText},
    NoticeRow{Notice::kTooMany, Word::kTooManyTitle, Word::kTooManyText},
    NoticeRow{Notice::kTooLarge, Word::kTooLargeTitle, Word::kTooLargeText},
    NoticeRow{Notice::kUnreadable, Word::kUnreadableTitle, Word::kUnreadableText},
    NoticeRow{Notice::kUnavailable, Word::kUnavailableTitle, Word::kUnavailableText},
};

std::string wrong_number(const Field& field, Language language) {
    std::string out(word(field.kind == Kind::kInteger ? Word::kWholeNumber : Word::kNumber, language));
    const std::string bounds =
        bounds_text(field.least, field.most, {Word::kRange, Word::kAtLeast, Word::kAtMost}, language);
    if (!bounds.empty()) out += " " + bounds;
    return out + ".";
}

}  // namespace

std::string problem_text(const Field& field, Problem::Kind problem, Language language) {
    const bool is_picked = field.kind == Kind::kChoice || field.kind == Kind::kChoices;
    if (field.kind == Kind::kBoolean) return std::string(word(Word::kAgree, language));
    if (is_file(field.kind)) return wrong_file(field, problem, language);
    if (problem == Problem::Kind::kMissing)
        return std::string(word(is_picked ? Word::kPick : Word::kFillIn, language));
    switch (field.kind) {
        case Kind::kNumber:
        case Kind::kInteger:
            return wrong_number(field, language);
        case Kind::kEmail:
            return std::string(word(Word::kEmail, language));
        case Kind::kUrl:
            return std::string(word(Word::kUrl, language));
        case Kind::kDate:
            return std::string(word(Word::kDate, language));
        case Kind::kDateTime:
            return std::string(word(Word::kDateTime, language));
        case Kind::kChoice:
            return std::string(word(Word::kNotOffered, language));
        default:
            break;
    }
    const BoundWords of_text{Word::kCharacters, Word::kCharactersAtLeast, Word::kCharactersAtMost};
    const BoundWords of_options{Word::kOptions, Word::kOptionsAtLeast, Word::kOptionsAtMost};
    const std::string bounds =
        bounds_text(field.least_count, field.most_count, is_picked ? of_options : of_text, language);
    const Word otherwise = is_picked ? Word::kNotOffered : Word::kNotAccepted;
    return bounds.empty() ? std::string(word(otherwise, language)) : bounds;
}

std::string page(const Form& form, const Page& page) {
    const Settings& settings = form.settings();
    const std::string_view title = settings.title.empty() ? page.title : settings.title;
    std::string out = head(title, page.language);
    out += fmt::format("<h1>{}</h1>\n", escaped(title));
    if (!settings.description.empty())
        out += fmt::format("<p class=\"about\">{}</p>\n", escaped(settings.description));
    out += summary(form, page);
    const bool has_required = std::ranges::any_of(form.fields(), &Field::is_required);
    const std::string_view coded = form.takes_files() ? " enctype=\"multipart/form-data\"" : "";
    out += fmt::format("<form method=\"post\" accept-charset=\"utf-8\"{}>\n", coded);
    if (has_required)
        out += fmt::format("<p class=\"hint\">{}</p>\n", word(Word::kRequiredNote, page.language));
    for (std::size_t at = 0; at < form.fields().size(); ++at) out += Entry(form, page, at).html();
    out += fmt::format(
        "<div class=\"trap\" aria-hidden=\"true\"><label for=\"trap\">{}</label>"
        "<input type=\"text\" id=\"trap\" name=\"{}\" tabindex=\"-1\" autocomplete=\"off\"></div>\n"
        "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
        word(Word::kLeaveEmpty, page.language),
        kTrapName,
        kNonceName,
        escaped(page.nonce)
    );
    const std::string_view send =
        settings.button.empty() ? word(Word::kSend, page.language) : std::string_view(settings.button);
    out += fmt::format("<button type=\"submit\">{}</button>\n</form>\n", escaped(send));
    return out.append(kFoot);
}

std::string notice_page(Notice notice, Language language, std::string_view title, std::string_view text) {
    const auto row = std::ranges::find(kNotices, notice, &NoticeRow::notice);
    const std::string_view shown_title = title.empty() ? word(row->title, language) : title;
    const std::string_view shown_text = text.empty() ? word(row->text, language) : text;
    return fmt::format(
        "{}<h1>{}</h1>\n<p class=\"about\">{}</p>\n{}",
        head(shown_title, language),
        escaped(shown_title),
        escaped(shown_text),
        kFoot
    );
}

}  // namespace weft::form
