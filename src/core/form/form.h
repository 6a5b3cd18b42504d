#pragma once

#include "base/decimal.h"
#include "base/error.h"
#include "base/json.h"
#include "core/calendar/calendar.h"
#include "core/schema/schema.h"
#include "core/trigger/filter.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The form that a workflow's `inputs` are: its fields, what a submission means, its page (page.h).
namespace weft::form {

/// A form trigger's settings, all optional: {"title", "description", "button", "thanks", "redirect", "path",
/// "fields", "zone"}.
struct Settings {
    std::string title;                      // empty: the trigger's name
    std::string description;                // above the fields; line ends are kept
    std::string button;                     // empty: "Send" in the reader's language
    std::string thanks;                     // shown after sending; empty: a sentence in the reader's language
    std::string redirect;                   // where to go after sending instead; https only
    std::string path;                       // the address /forms/<path>; empty: a secret one is made
    std::vector<std::string> fields;        // the inputs that are asked for, in this order; empty: all
    std::optional<trigger::Filter> filter;  // which submissions start a run
    calendar::Zone zone;                    // what times without an offset are local to; UTC unless said
    bool operator==(const Settings&) const = default;
};
Result<Settings> parse_settings(const Json& config, std::string_view field = "config");
Json to_json(const Settings& settings);
/// "https://example.com" of `redirect`; empty when there is none.
std::string redirect_origin(const Settings& settings);

enum class Kind : std::uint8_t {
    kText,
    kLongText,
    kEmail,
    kUrl,
    kDate,
    kDateTime,
    kNumber,
    kInteger,
    kBoolean,
    kChoice,   // one of `options`
    kChoices,  // some of them
    kFile,
    kFiles,
};
constexpr bool is_file(Kind kind) {
    return kind == Kind::kFile || kind == Kind::kFiles;
}

inline constexpr std::int64_t kFileBytesDefault = 100ll
                                                  << 20;  // of one file: strangers fill the tenant's room

struct Option {
    Json value;
    std::string key;   // what a page sends for it
    std::string text;  // what people read
};

struct Field {
    std::string name;
    std::string label;
    std::string help;
    std::string sample;  // of `examples`
    Kind kind = Kind::kText;
    bool is_required = false;
    bool must_be_true = false;  // of a kBoolean: `const: true`, a consent
    std::optional<Json> preset;
    std::vector<Option> options;
    // What `inputs` demand, for the page and for what it says of a wrong entry.
    std::optional<Decimal> least, most;                   // numbers
    std::optional<std::int64_t> least_count, most_count;  // characters, options, or files
    std::vector<std::string> accepts;            // of files: ".pdf", "image/*", "text/csv"; none: all
    std::int64_t bytes_max = kFileBytesDefault;  // of each file
};

struct Problem {
    enum class Kind : std::uint8_t { kMissing, kWrong, kTooLarge, kWrongType, kTooMany };
    std::optional<std::size_t> field;  // in Form::fields; nothing: of the form as a whole
    Kind kind = Kind::kWrong;
    std::string expected;  // in English, for programs
};

/// What was sent: the run's input, or what is wrong with it.
struct Reading {
    JsonObject input;
    std::vector<Problem> problems;  // by field; at most one each
};

using Pairs = std::span<const std::pair<std::string, std::string>>;

/// A file that somebody sends: what is known when it begins, or so far.
struct SentFile {
    std::string_view field;
    std::string_view name;
    std::string_view type;   // a media type, or empty
    std::int64_t bytes = 0;  // that have come
    std::size_t before = 0;  // files of the field that came before it
};
/// Those that were kept: fields' names and handles, and what is wrong with the others.
struct Files {
    std::vector<std::pair<std::string, Json>> handles;
    std::vector<Problem> problems;
};

class Form {
  public:
    /// `inputs` null: a form without fields, which is a button. kInvalid where a form cannot ask for an input
    /// yet, with `field` = "inputs.properties.NAME"; of settings that do not fit, "config.fields".
    static Result<Form> make(const Json* inputs, Settings settings);

    const Settings& settings() const { return settings_; }
    const std::vector<Field>& fields() const { return fields_; }

    bool takes_files() const;
    /// All files that it may be sent at once.
    std::int64_t file_bytes_max() const;
    /// Why the file is not taken; nothing while it may be. Of a field that is none of ours kMissing, and no
    /// field.
    std::optional<Problem> refuse(const SentFile& file) const;

    /// A page's submission, as UTF-8. Names that are no field's are passed over. Takes up to 50 ms.
    Reading read(Pairs pairs, const Files& files = {}) const;
    /// A program's: the values as they are.
    Reading read(const Json& input) const;

  private:
    Form() = default;
    void check(Reading& reading) const;
    void read_files(std::size_t at, const Files& files, Reading& out) const;
    void add_hidden(JsonObject& input) const;

    Settings settings_;
    std::vector<Field> fields_;
    JsonObject hidden_;  // defaults of what is not asked for
    std::optional<schema::Schema> schema_;
};

/// Names that a page's own entries have; no input may be called so.
inline constexpr std::string_view kNonceName = "_weft_form";
inline constexpr std::string_view kTrapName = "_weft_website";
inline constexpr std::string_view kSentName = "_weft_sent";  // of the address that thanks

}  // namespace weft::form
