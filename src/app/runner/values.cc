#include "app/runner/detail/values.h"

#include "app/runner/detail/json_text.h"
#include "base/json.h"
#include "base/utf8.h"

#include <algorithm>
#include <array>

namespace weft::runner {

namespace {

using templates::Path;

std::string or_null(std::string text) {
    return text.empty() ? std::string("null") : std::move(text);
}

/// The value's own property. Strings' elements and everything inherited is the engine's business.
std::optional<std::string_view> own(std::string_view base, const Path::Key& key, std::string& scratch) {
    using json_text::Kind;
    const auto* name = std::get_if<std::string>(&key.name);
    const Kind kind = json_text::kind_of(base);
    if (kind == Kind::kObject) {
        return json_text::member(base, name ? *name : std::to_string(std::get<std::uint32_t>(key.name)));
    }
    if (kind == Kind::kArray) {
        auto index = name ? json_text::array_index(*name) : std::get<std::uint32_t>(key.name);
        if (index) return json_text::element(base, *index);
    }
    if (!name || *name != "length" || (kind != Kind::kArray && kind != Kind::kString)) return std::nullopt;
    const std::size_t size =
        kind == Kind::kArray ? json_text::array_size(base) : utf8::utf16_units(json_text::unescape(base));
    scratch = std::to_string(size);
    return scratch;
}

/// What every object has of Object.prototype.
constexpr std::array<std::string_view, 12> kInherited = {
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
};

/// Whether a property that is not the value's own may be there all the same.
bool may_inherit(std::string_view base, const Path::Key& key) {
    const auto* name = std::get_if<std::string>(&key.name);
    switch (json_text::kind_of(base)) {
        case json_text::Kind::kObject:
            return name && std::ranges::find(kInherited, *name) != kInherited.end();
        case json_text::Kind::kArray:
            return name && !json_text::array_index(*name);
        default:
            return true;
    }
}

}  // namespace

void Values::begin(protocol::Begin begin) {
    begin_ = std::move(begin);
    for (auto* text : {&begin_.run, &begin_.input, &begin_.trigger, &begin_.env})
        *text = or_null(std::move(*text));
}

void Values::put(protocol::Put put) {
    steps_[put.step + put.scope] = {
        std::move(put.status), or_null(std::move(put.output)), or_null(std::move(put.error))
    };
}

void Values::keep(const std::string& step, std::string json) {
    steps_[step + scope_] = {"success", std::move(json), "null"};
}

void Values::forget(std::string_view scope) {
    std::erase_if(steps_, [scope](const auto& step) {
        const std::string_view key = step.first;
        const std::string_view of = key.substr(std::min(key.find('#'), key.size()));
        return of.starts_with(scope) && (of.size() == scope.size() || of[scope.size()] == '.');
    });
}

const Values::Step* Values::find(std::string_view id) const {
    std::string_view scope = scope_;
    while (true) {
        const auto found = steps_.find(std::string(id).append(scope));
        if (found != steps_.end()) return &found->second;
        if (scope.empty()) return nullptr;
        scope = scope.substr(0, scope.rfind('.') == std::string_view::npos ? 0 : scope.rfind('.'));
    }
}

const std::string* Values::constant(std::string_view root) const {
    if (root == "input") return &begin_.input;
    if (root == "trigger") return &begin_.trigger;
    if (root == "env") return &begin_.env;
    if (root == "run") return &begin_.run;
    return nullptr;
}

std::optional<std::string_view> Values::start(
    const Path& path, const Bindings& bindings, std::string& scratch, std::size_t& keys_used
) const {
    keys_used = 0;
    for (const auto& binding : bindings) {
        if (binding.name == path.root) return binding.json;
    }
    if (const std::string* text = constant(path.root)) return *text;
    if (path.root != "steps" || path.keys.size() < 2) return std::nullopt;
    const auto* id = std::get_if<std::string>(&path.keys[0].name);
    const auto* name = std::get_if<std::string>(&path.keys[1].name);
    const Step* step = id ? find(*id) : nullptr;
    if (step == nullptr || !name) return std::nullopt;
    keys_used = 2;
    if (*name == "output") return step->output;
    if (*name == "error") return step->error;
    if (*name != "status") return std::nullopt;
    scratch.clear();
    append_json_string(step->status, scratch);
    return scratch;
}

Values::Found Values::read(const Path& path, const Bindings& bindings, std::string& scratch) const {
    std::size_t key = 0;
    auto at = start(path, bindings, scratch, key);
    if (!at) return {};
    Found out{.is = Found::Is::kUnknown, .json = {}, .looked_at = at->size()};
    std::string length;
    for (; key < path.keys.size(); ++key) {
        if (json_text::kind_of(*at) == json_text::Kind::kNull) {
            if (path.keys[key].optional) out.is = Found::Is::kUndefined;
            return out;
        }
        const auto next = own(*at, path.keys[key], length);
        if (!next) {
            const bool goes_on = key + 1 < path.keys.size() && !path.keys[key + 1].optional;
            if (!goes_on && !may_inherit(*at, path.keys[key])) out.is = Found::Is::kUndefined;
            return out;
        }
        at = next;
        if (at->data() == length.data()) {
            scratch = length;
            at = scratch;
        }
    }
    out.is = Found::Is::kValue;
    out.json = *at;
    return out;
}

std::optional<std::string_view> Values::resolve(
    const Path& path, const Bindings& bindings, std::string& scratch
) const {
    const Found found = read(path, bindings, scratch);
    return found.is == Found::Is::kValue ? std::optional(found.json) : std::nullopt;
}

std::string Values::globals(
    const std::vector<std::string>& names,
    const std::optional<std::vector<std::string>>& steps,
    const Bindings& bindings
) const {
    std::string out = "{";
    auto add = [&](std::string_view name, std::string_view text) {
        if (out.size() > 1) out += ',';
        append_json_string(name, out);
        out += ':';
        out += text;
    };
    for (const auto& binding : bindings) add(binding.name, binding.json);
    for (const auto& name : names) {
        if (std::ranges::any_of(bindings, [&](const auto& binding) { return binding.name == name; }))
            continue;
        if (const std::string* text = constant(name)) add(name, *text);
        if (name != "steps") continue;
        std::string all = "{";
        for (const auto& [key, step] : steps_) {
            const std::string_view id = std::string_view(key).substr(0, key.find('#'));
            if (find(id) != &step) continue;  // of another item
            if (steps && std::ranges::find(*steps, id) == steps->end()) continue;
            if (all.size() > 1) all += ',';
            append_json_string(id, all);
            all += R"(:{"status":)";
            append_json_string(step.status, all);
            all += R"(,"output":)" + step.output + R"(,"error":)" + step.error + '}';
        }
        add(name, all + "}");
    }
    return out + "}";
}

std::optional<std::string> Values::absent_part(const Path& path, const Bindings& bindings) const {
    Path cut{.root = path.root, .keys = {}};
    std::string scratch;
    std::size_t known = 0;
    if (path.root == "steps") {
        const auto* id = path.keys.empty() ? nullptr : std::get_if<std::string>(&path.keys[0].name);
        if (!id) return std::nullopt;
        cut.keys.push_back(path.keys[0]);
        if (find(*id) == nullptr) return cut.text();
        known = 1;
    } else if (!start(path, bindings, scratch, known)) {
        return std::nullopt;
    }
    for (std::size_t key = known; key < path.keys.size(); ++key) {
        // `steps.a` itself always is an object.
        if (!(path.root == "steps" && key == 1)) {
            auto at = resolve(cut, bindings, scratch);
            if (!at || json_text::kind_of(*at) == json_text::Kind::kNull) return cut.text();
        }
        cut.keys.push_back(path.keys[key]);
    }
    return std::nullopt;
}

}  // namespace weft::runner
