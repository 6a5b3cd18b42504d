#include "base/utf8.h"
#include "core/template/template.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::workflow {

namespace {

constexpr std::size_t kTagsMax = 8;
constexpr std::size_t kIndexMax = 8;
constexpr std::size_t kTagBytesMax = 64;
constexpr std::size_t kValueBytesMax = 256;  // of an index row's room
constexpr std::size_t kTagsOfRunMax = 16;    // where one expression gives several

std::size_t bytes_max(std::string_view name) {
    return name == kTagMark ? kTagBytesMax : kValueBytesMax;
}

bool is_plain(std::string_view text) {
    return utf8::is_valid(text) && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
           });
}

/// Why this cannot be what a run is found by; empty: it can.
std::string problem_of(std::string_view name, std::string_view value) {
    if (value.empty()) return "it is empty";
    if (value.size() > bytes_max(name)) return fmt::format("it has more than {} bytes", bytes_max(name));
    if (!is_plain(value)) return "it has control characters";
    return "";
}

void read_mark(std::string name, const Json& value, std::string field, Definition& out, Problems& problems) {
    if (!value.is_string()) {
        problems.add("This is a text, e.g. \"{{ input.order_id }}\"", field);
        return;
    }
    if (!problems.ok(templates::parse(value, field))) return;
    if (!has_template(value)) {
        if (const std::string why = problem_of(name, text_of(value)); !why.empty()) {
            problems.add("Runs cannot be found by this: " + why, field);
            return;
        }
    }
    out.marks.push_back({std::move(name), value, std::move(field)});
}

}  // namespace

void read_marks(const JsonObject& object, Definition& out, Problems& problems) {
    if (const Json* tags = object.if_contains("tags")) {
        if (!tags->is_array() || tags->get_array().size() > kTagsMax) {
            problems.add(fmt::format("tags is a list of at most {} texts", kTagsMax), "tags");
        } else {
            for (std::size_t i = 0; i < tags->get_array().size(); ++i)
                read_mark(
                    std::string(kTagMark), tags->get_array()[i], fmt::format("tags[{}]", i), out, problems
                );
        }
    }
    const Json* index = object.if_contains("index");
    if (index == nullptr) return;
    if (!index->is_object() || index->get_object().size() > kIndexMax) {
        problems.add(fmt::format("index is an object of at most {} values, by name", kIndexMax), "index");
        return;
    }
    for (const auto& member : index->get_object()) {
        const std::string_view name = member.key();
        std::string field = below("index", name);
        if (!is_step_id(name) || name == kTagMark)
            problems.add("A name starts with a letter, has letters, digits and _, and is not \"tag\"", field);
        else
            read_mark(std::string(name), member.value(), std::move(field), out, problems);
    }
}

Json marks_json(const std::vector<Mark>& marks) {
    JsonArray out;
    for (const Mark& mark : marks) out.push_back(JsonObject{{"name", mark.name}, {"value", mark.value}});
    return out;
}

Marked marked(std::string_view name, const Json& value) {
    Marked out;
    const auto add = [&](const Json& one) {
        if (one.is_null()) return;
        if (one.is_object() || one.is_array()) {
            out.problem = "it is neither a text, a number nor a boolean";
            return;
        }
        std::string text = one.is_string() ? std::string(text_of(one)) : to_text(one);
        if (text.empty()) return;
        if (const std::string why = problem_of(name, text); !why.empty())
            out.problem = why;
        else
            out.values.push_back(std::move(text));
    };
    if (name != kTagMark || !value.is_array()) {
        add(value);
        return out;
    }
    for (const Json& one : value.get_array()) {
        if (out.values.size() == kTagsOfRunMax) {
            out.problem = fmt::format("a run has at most {} tags of one expression", kTagsOfRunMax);
            break;
        }
        add(one);
    }
    return out;
}

}  // namespace weft::workflow
