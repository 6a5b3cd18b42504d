#include "core/form/form.h"

#include "core/file/file.h"
#include "core/form/detail/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace weft::form {

namespace {

constexpr std::size_t kFieldsMax = 100;      // a page that people fill in
constexpr std::size_t kOptionsMax = 500;     // of one field; each is an element of the page
constexpr std::int64_t kLongTextFrom = 201;  // a longer text gets several lines
constexpr std::size_t kAcceptsMax = 50;      // kinds of files; people read them

struct FormatRow {
    std::string_view format;
    Kind kind;
};
constexpr std::array kFormats{
    FormatRow{"email", Kind::kEmail},
    FormatRow{"idn-email", Kind::kEmail},
    FormatRow{"uri", Kind::kUrl},
    FormatRow{"iri", Kind::kUrl},
    FormatRow{"date", Kind::kDate},
    FormatRow{"date-time", Kind::kDateTime},
    FormatRow{"textarea", Kind::kLongText},  // no format of the drafts: an annotation for forms
};

struct TypeRow {
    std::string_view type;
    Kind kind;
};
constexpr std::array kTypes{
    TypeRow{"string", Kind::kText},
    TypeRow{"number", Kind::kNumber},
    TypeRow{"integer", Kind::kInteger},
    TypeRow{"boolean", Kind::kBoolean},
};

Error cannot_ask(std::string_view name, std::string_view why) {
    return Error::invalid(
        fmt::format("A form cannot ask for the input \"{}\": {}", name, why),
        fmt::format("inputs.properties.{}", name)
    );
}

/// "array" of ["array", "null"]; empty when there is none, or several.
std::string_view type_of(const JsonObject& schema) {
    const Json* type = schema.if_contains("type");
    if (type == nullptr) return "";
    if (const std::string* one = type->if_string()) return *one;
    std::string_view found;
    if (const JsonArray* several = type->if_array()) {
        for (const Json& each : *several) {
            const std::string* text = each.if_string();
            if (text == nullptr || *text == "null") continue;
            if (!found.empty()) return "";
            found = *text;
        }
    }
    return found;
}

/// A file is an object, its handle.
bool is_handle(const Json* schema) {
    const JsonObject* object = schema == nullptr ? nullptr : schema->if_object();
    return object != nullptr && text_or(*object, "format") == "file" && type_of(*object) == "object";
}

/// "image/*,.pdf", or a list of such texts.
Result<std::vector<std::string>> accepts_of(const JsonObject& schema, std::string_view name) {
    std::vector<std::string> out;
    const Json* accept = schema.if_contains("accept");
    if (accept == nullptr) return out;
    const auto add = [&](std::string_view text) {
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t end = std::min(text.find(',', at), text.size());
            std::string one(text.substr(at, end - at));
            std::erase(one, ' ');
            std::ranges::transform(one, one.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? c + 32 : c;
            });
            if (!one.empty()) out.push_back(std::move(one));
            at = end + 1;
        }
    };
    bool is_text = true;
    if (const std::string* text = accept->if_string()) {
        add(*text);
    } else if (const JsonArray* list = accept->if_array()) {
        is_text = std::ranges::all_of(*list, [](const Json& each) { return each.is_string(); });
        for (const Json& each : *list)
            if (each.is_string()) add(each.get_string());
    } else {
        is_text = false;
    }
    const auto is_good = [](std::string_view one) {
        const bool is_plain = std::ranges::all_of(one, [](unsigned char c) { return c > ' ' && c < 0x7f; });
        const auto slash = one.find('/');
        const bool is_type = slash != std::string_view::npos && slash > 0 && slash + 1 < one.size();
        return is_plain && one.size() <= 100 && (is_type || (one.front() == '.' && one.size() > 1));
    };
    if (is_text && out.size() <= kAcceptsMax && std::ranges::all_of(out, is_good)) return out;
    return fail(cannot_ask(name, "accept says at most 50 kinds of files, each as image/*, text/csv or .csv"));
}

Result<void> read_file_field(Field& out, const JsonObject& schema) {
    TRY(out.accepts, accepts_of(schema, out.name));
    const Json* most = schema.if_contains("maxBytes");
    if (most == nullptr) return {};
    const auto bytes = most->if_int64();
    if (!bytes || *bytes < 1 || *bytes > file::kFileBytesMax)
        return fail(cannot_ask(out.name, "maxBytes is a whole number from 1 to 5368709120"));
    out.bytes_max = *bytes;
    return {};
}

bool is_encoded_file(const JsonObject& schema) {
    const std::string_view format = text_or(schema, "format");
    return schema.contains("contentEncoding") || schema.contains("contentMediaType") || format == "binary" ||
           format == "byte";
}

/// `enum`, or `oneOf` of constants with titles.
Result<std::vector<Option>> options_of(const JsonObject& schema, std::string_view name) {
    std::vector<Option> out;
    auto add = [&](const Json& value, std::string_view text) {
        std::string key = detail::key_of(value);
        out.push_back({value, key, text.empty() ? key : std::string(text)});
    };
    const Json* values = schema.if_contains("enum");
    if (values != nullptr && values->is_array()) {
        for (const Json& value : values->get_array()) {
            if (value.is_array() || value.is_object())
                return fail(cannot_ask(name, "its values are lists or objects"));
            if (!value.is_null()) add(value, "");
        }
    }
    for (std::string_view word : {"oneOf", "anyOf"}) {
        const Json* each = schema.if_contains(word);
        if (each == nullptr || !each->is_array() || !out.empty()) continue;
        for (const Json& choice : each->get_array()) {
            const Json* value = choice.is_object() ? choice.get_object().if_contains("const") : nullptr;
            if (value == nullptr || value->is_array() || value->is_object())
                return fail(cannot_ask(name, fmt::format("its {} is no list of constants", word)));
            add(*value, text_or(choice.get_object(), "title"));
        }
    }
    if (out.size() > kOptionsMax) return fail(cannot_ask(name, "it has more than 500 values"));
    // A page sends texts: one text is one value, and an empty one is none.
    std::set<std::string_view> keys;
    for (const Option& option : out) {
        if (option.key.empty()) return fail(cannot_ask(name, "one of its values is an empty text"));
        if (!keys.insert(option.key).second)
            return fail(cannot_ask(name, fmt::format("two of its values are \"{}\" as text", option.key)));
    }
    return out;
}

std::optional<std::int64_t> count_in(const JsonObject& schema, std::string_view key) {
    const Json* value = schema.if_contains(key);
    return value == nullptr ? std::nullopt : value->if_int64();
}

std::optional<Decimal> number_in(const JsonObject& schema, std::string_view key) {
    const Json* value = schema.if_contains(key);
    const Decimal* number = value == nullptr ? nullptr : value->if_number();
    return number == nullptr ? std::nullopt : std::optional(*number);
}

Result<Kind> kind_of(const JsonObject& schema, const Field& field) {
    if (schema.contains("$ref") || schema.contains("allOf"))
        return fail(cannot_ask(field.name, "it is defined elsewhere ($ref, allOf); write it out"));
    if (!field.options.empty()) return Kind::kChoice;
    const std::string_view type = type_of(schema);
    if (type == "string" && is_encoded_file(schema))
        return fail(cannot_ask(field.name, "a file is no text; say type: object and format: file"));
    const auto row = std::ranges::find(kTypes, type, &TypeRow::type);
    if (row == kTypes.end())
        return fail(cannot_ask(
            field.name,
            type.empty() ? "it has no one type" : fmt::format("nothing on a page asks for an {}", type)
        ));
    if (row->kind != Kind::kText) return row->kind;
    const auto format = std::ranges::find(kFormats, text_or(schema, "format"), &FormatRow::format);
    if (format != kFormats.end()) return format->kind;
    return field.most_count.value_or(0) >= kLongTextFrom ? Kind::kLongText : Kind::kText;
}

bool is_in(const Json* list, std::string_view name) {
    return list != nullptr && list->is_array() &&
           std::ranges::any_of(list->get_array(), [&](const Json& each) { return each == Json(name); });
}

Result<Field> field_of(const std::string& name, const Json& schema, const Json* required) {
    if (!schema.is_object()) return fail(cannot_ask(name, "it says nothing of itself"));
    const JsonObject& object = schema.get_object();
    Field out;
    out.name = name;
    out.label = text_or(object, "title", name);
    out.is_required = is_in(required, name);
    out.help = text_or(object, "description");
    if (out.label.empty()) out.label = name;
    if (name == kNonceName || name == kTrapName || name == kSentName)
        return fail(cannot_ask(name, "its name is taken"));
    const Json* examples = object.if_contains("examples");
    if (examples != nullptr && examples->is_array() && !examples->get_array().empty())
        out.sample = detail::key_of(examples->get_array().front());
    if (const Json* preset = object.if_contains("default")) out.preset = *preset;
    const Json* items = object.if_contains("items");
    const bool is_list = type_of(object) == "array";
    if (is_handle(&schema)) {
        out.kind = Kind::kFile;
        out.most_count = 1;
        CHECK_OK(read_file_field(out, object));
        return out;
    }
    if (is_list && is_handle(items)) {
        out.kind = Kind::kFiles;
        out.least_count = count_in(object, "minItems");
        const auto most = static_cast<std::int64_t>(file::kFilesPerBodyMax);
        out.most_count = std::clamp<std::int64_t>(count_in(object, "maxItems").value_or(most), 1, most);
        CHECK_OK(read_file_field(out, items->get_object()));
        return out;
    }
    if (is_list && items != nullptr && items->is_object()) {
        TRY(out.options, options_of(items->get_object(), name));
    }
    if (is_list) {
        if (out.options.empty())
            return fail(cannot_ask(name, "a list needs items with an enum, whose values are offered"));
        out.kind = Kind::kChoices;
        out.least_count = count_in(object, "minItems");
        out.most_count = count_in(object, "maxItems");
        return out;
    }
    TRY(out.options, options_of(object, name));
    out.least = number_in(object, "minimum");
    out.most = number_in(object, "maximum");
    out.least_count = count_in(object, "minLength");
    out.most_count = count_in(object, "maxLength");
    TRY(out.kind, kind_of(object, out));
    const Json* constant = object.if_contains("const");
    out.must_be_true = out.kind == Kind::kBoolean && constant != nullptr && *constant == Json(true);
    return out;
}

/// The names that are asked for, in order.
Result<std::vector<std::string>> asked(
    const JsonObject& properties, const Json* required, const Settings& settings
) {
    std::vector<std::string> out = settings.fields;
    if (out.empty())
        for (const auto& [name, schema] : properties) out.push_back(name);
    for (const std::string& name : out)
        if (!properties.contains(name))
            return fail(Error::invalid(
                fmt::format("The workflow has no input \"{}\" that a form could ask for", name),
                "config.fields"
            ));
    for (const auto& [name, schema] : properties) {
        const bool has_default = schema.is_object() && schema.get_object().contains("default");
        if (is_in(required, name) && !has_default && std::ranges::find(out, name) == out.end())
            return fail(Error::invalid(
                fmt::format(
                    "The workflow requires the input \"{}\", which has no default: the form must ask for it",
                    name
                ),
                "config.fields"
            ));
    }
    if (out.size() > kFieldsMax)
        return fail(Error::invalid("A form has at most 100 fields; name those it asks for", "config.fields"));
    return out;
}

}  // namespace

Result<Form> Form::make(const Json* inputs, Settings settings) {
    Form out;
    out.settings_ = std::move(settings);
    static const JsonObject kNone;
    const JsonObject& root = inputs != nullptr && inputs->is_object() ? inputs->get_object() : kNone;
    if (inputs != nullptr && type_of(root) != "object" && !root.empty())
        return fail(Error::invalid("A form needs inputs of the type object", "inputs.type"));
    const Json* given = root.if_contains("properties");
    const JsonObject& properties = given != nullptr && given->is_object() ? given->get_object() : kNone;
    const Json* required = root.if_contains("required");
    TRY(auto names, asked(properties, required, out.settings_));
    for (const std::string& name : names) {
        TRY(auto field, field_of(name, properties.at(name), required));
        out.fields_.push_back(std::move(field));
    }
    for (const auto& [name, schema] : properties) {
        const Json* preset = schema.is_object() ? schema.get_object().if_contains("default") : nullptr;
        if (preset != nullptr && std::ranges::find(names, name) == names.end()) out.hidden_[name] = *preset;
    }
    // Formats are checked here, though the run would not: people are told at once.
    if (inputs != nullptr) {
        TRY(out.schema_, schema::Schema::compile(*inputs, "inputs", {.checks_formats = true}));
    }
    return out;
}

void Form::add_hidden(JsonObject& input) const {
    for (const auto& [name, value] : hidden_) input.emplace(name, value);
}

bool Form::takes_files() const {
    return std::ranges::any_of(fields_, [](const Field& field) { return is_file(field.kind); });
}

std::int64_t Form::file_bytes_max() const {
    std::int64_t out = 0;
    for (const Field& field : fields_)
        if (is_file(field.kind)) out += field.bytes_max * field.most_count.value_or(1);
    return std::min(out, file::kFileBytesMax);
}

std::optional<Problem> Form::refuse(const SentFile& file) const {
    const auto field = std::ranges::find(fields_, file.field, &Field::name);
    if (field == fields_.end() || !is_file(field->kind))
        return Problem{std::nullopt, Problem::Kind::kMissing, "The form asks for no such file"};
    const auto at = static_cast<std::size_t>(field - fields_.begin());
    if (std::cmp_greater_equal(file.before, field->most_count.value_or(1)))
        return Problem{at, Problem::Kind::kTooMany, fmt::format("has at most {} files", *field->most_count)};
    if (file.bytes > field->bytes_max)
        return Problem{at, Problem::Kind::kTooLarge, fmt::format("has at most {} bytes", field->bytes_max)};
    if (detail::is_accepted(*field, file)) return std::nullopt;
    return Problem{
        at, Problem::Kind::kWrongType, fmt::format("is one of {}", fmt::join(field->accepts, ", "))
    };
}

Reading Form::read(Pairs pairs, const Files& files) const {
    Reading out;
    out.problems = files.problems;
    for (std::size_t at = 0; at < fields_.size(); ++at) {
        const Field& field = fields_[at];
        if (is_file(field.kind)) {
            read_files(at, files, out);
            continue;
        }
        std::vector<std::string_view> sent;
        for (const auto& [name, value] : pairs)
            if (name == field.name) sent.emplace_back(value);
        auto value = detail::value_of(field, sent, settings_.zone);
        if (value.problem) {
            out.problems.push_back({at, *value.problem, "must be of the kind that the form asks for"});
        } else if (value.value) {
            out.input[field.name] = std::move(*value.value);
        } else if (field.is_required) {
            out.problems.push_back({at, Problem::Kind::kMissing, "is required"});
        }
    }
    add_hidden(out.input);
    check(out);
    return out;
}

void Form::read_files(std::size_t at, const Files& files, Reading& out) const {
    const Field& field = fields_[at];
    const bool is_known =
        std::ranges::any_of(out.problems, [&](const Problem& known) { return known.field == at; });
    JsonArray handles;
    for (const auto& [name, handle] : files.handles)
        if (name == field.name) handles.push_back(handle);
    if (handles.empty()) {
        if (field.is_required && !is_known)
            out.problems.push_back({at, Problem::Kind::kMissing, "is required"});
        return;
    }
    out.input[field.name] =
        field.kind == Kind::kFiles ? Json(std::move(handles)) : std::move(handles.front());
}

Reading Form::read(const Json& input) const {
    Reading out;
    const JsonObject* object = input.if_object();
    if (object == nullptr) {
        out.problems.push_back({std::nullopt, Problem::Kind::kWrong, "The body must be an object"});
        return out;
    }
    for (const auto& [name, value] : *object) {
        const auto field = std::ranges::find(fields_, name, &Field::name);
        if (field != fields_.end() && is_file(field->kind)) {
            const auto at = static_cast<std::size_t>(field - fields_.begin());
            out.problems.push_back({at, Problem::Kind::kWrong, "is a file: send multipart/form-data"});
            continue;
        }
        if (field != fields_.end()) {
            out.input[name] = value;
            continue;
        }
        out.problems.push_back(
            {std::nullopt,
             Problem::Kind::kWrong,
             fmt::format("The form has no field \"{}\"", name.substr(0, 64))}
        );
        return out;
    }
    add_hidden(out.input);
    check(out);
    return out;
}

void Form::check(Reading& reading) const {
    if (!schema_) return;
    for (const schema::Violation& violation : schema_->violations(Json(reading.input))) {
        const std::string_view path = violation.field;
        std::optional<std::size_t> at;
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            const std::string& name = fields_[i].name;
            const std::string_view rest = path.starts_with(name) ? path.substr(name.size()) : "?";
            const bool is_it = rest.empty() || rest.front() == '.' || rest.front() == '[';
            if (is_it && (!at || name.size() > fields_[*at].name.size())) at = i;
        }
        const bool is_known =
            std::ranges::any_of(reading.problems, [&](const Problem& known) { return known.field == at; });
        if (is_known) continue;
        const bool is_missing = violation.kind == schema::Violation::Kind::kMissing;
        reading.problems.push_back(
            {at,
             is_missing ? Problem::Kind::kMissing : Problem::Kind::kWrong,
             at ? violation.expected : fmt::format("{} {}", path, violation.expected)}
        );
    }
    std::ranges::sort(reading.problems, {}, [](const Problem& problem) { return problem.field; });
}

}  // namespace weft::form
