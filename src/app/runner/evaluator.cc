#include "app/runner/evaluator.h"

#include "app/runner/detail/json_text.h"
#include "app/runner/detail/library.h"
#include "app/runner/detail/operators.h"
#include "base/bytes.h"
#include "base/json.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <variant>

namespace weft::runner {

namespace {

using protocol::Failed;
using protocol::Mode;
using templates::Expression;
using templates::Node;
using templates::Place;
using templates::Text;

constexpr int kDepthMax = 64;  // what parse_json accepts on the other side
constexpr std::array<std::string_view, 5> kContext = {"input", "steps", "trigger", "env", "run"};

/// What a source may take from its surroundings: values, then the library.
constexpr auto kMentionable = [] {
    std::array<std::string_view, kContext.size() + library::kNames.size()> out;
    std::ranges::copy(library::kNames, std::ranges::copy(kContext, out.begin()).out);
    return out;
}();
constexpr std::uint64_t kStepsBit = 1 << 1;
static_assert(kMentionable.size() <= 64 && kContext[1] == "steps");

using Failure = std::unexpected<Failed>;

Failure failed(Failed::Kind kind, const Place& place, std::string message) {
    message.resize(std::min(message.size(), protocol::kMessageBytesMax));
    return Failure(Failed{kind, place.field, place.line, place.column, std::move(message)});
}
Failure failed(const Place& place, std::string message) {
    return failed(Failed::Kind::kWorkflow, place, std::move(message));
}
Failure failed(Error error, std::string_view field) {
    return Failure(Failed{
        Failed::Kind::kWorkflow, error.field.empty() ? std::string(field) : error.field, 0, 0, error.user
    });
}

bool is_binding_name(std::string_view name) {
    if (name.empty() || name == "__proto__" || std::isdigit(static_cast<unsigned char>(name.front())))
        return false;
    return std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$';
    });
}

/// Evaluates the expressions of one tree. The engine is started when the first expression needs it, with
/// exactly the values that all of them mention.
class Run {
  public:
    /// `cpu` and `wall` as script::Engine::set_timeout has them.
    Run(script::Engine& engine,
        const Values& values,
        const Bindings& bindings,
        Mode mode,
        Millis cpu,
        Millis wall = Millis(0))
        : engine_(engine), values_(values), bindings_(bindings), mode_(mode), cpu_(cpu), wall_(wall) {}

    std::expected<bool, Failed> condition(const Node& node) {
        if (const auto* literal = std::get_if<Json>(&node.value)) return literal->get_bool();
        const auto& expression = std::get<Expression>(std::get<Text>(node.value).segments.front());
        if (auto native = resolve(expression)) return json_text::is_truthy(*native);
        auto value = by_script(expression, script::As::kBool);
        if (!value) return std::unexpected(std::move(value).error());
        return *value == "true";
    }

    /// The tree's value as JSON text; nothing when it is undefined.
    std::expected<std::optional<std::string>, Failed> value(const Node& root) {
        root_ = &root;
        const bool has_value = print(root, mode_ == Mode::kRequest ? "" : "*");
        if (failure_) return std::unexpected(std::move(*failure_));
        if (!has_value) return std::optional<std::string>();
        return std::optional(std::move(out_));
    }

    void note_needs(const Node& node) {
        if (const auto* text = std::get_if<Text>(&node.value)) {
            for (const auto& segment : text->segments) {
                if (const auto* expression = std::get_if<Expression>(&segment)) note_needs(*expression);
            }
        } else if (const auto* members = std::get_if<templates::Members>(&node.value)) {
            for (const auto& member : *members) note_needs(member.value);
        } else if (const auto* items = std::get_if<templates::Items>(&node.value)) {
            for (const auto& item : *items) note_needs(item);
        }
    }

    void note_source(std::string_view source) {
        const std::uint64_t found = templates::mentioned(source, kMentionable);
        for (std::size_t i = 0; i < kContext.size(); ++i) {
            const bool is_noted = std::ranges::find(names_, kContext[i]) != names_.end();
            if (!is_noted && (found >> i & 1) != 0) names_.emplace_back(kContext[i]);
        }
        if ((found & kStepsBit) != 0) note_steps(source);
        if (found >> kContext.size() != 0) scope_ = script::Scope::kLibrary;
    }

    std::optional<script::Failure> start_engine() {
        if (is_started_) return std::nullopt;
        is_started_ = true;
        if (root_) note_needs(*root_);
        engine_.reset(scope_);
        engine_.set_timeout(cpu_, wall_);
        std::optional<std::vector<std::string>> steps;
        if (!needs_all_steps_) steps = steps_;
        return engine_.install(values_.globals(names_, steps, bindings_));
    }

  private:
    void note_needs(const Expression& expression) {
        if (!resolve(expression)) note_source(expression.source);
    }

    void note_steps(std::string_view source) {
        auto found = templates::references(source);
        std::size_t seen = 0;
        if (found) {
            for (const auto& reference : *found) {
                if (reference.root != "steps" || reference.members.empty()) continue;
                steps_.push_back(reference.members.front());
                ++seen;
            }
        }
        // Every mention has to be one of those references; shadowed or computed ones need everything.
        std::size_t mentions = 0;
        for (std::size_t at = source.find("steps"); at != std::string_view::npos;
             at = source.find("steps", at + 5)) {
            ++mentions;
        }
        if (seen < mentions || templates::mentions(source, "\x01")) needs_all_steps_ = true;
    }

    std::optional<std::string_view> resolve(const Expression& expression) {
        if (!expression.is_path) return std::nullopt;
        return values_.resolve(expression.path, bindings_, scratch_);
    }

    /// The place of `failure`, which counts lines from the expression's start.
    Failure translate(script::Failure failure, const Expression& expression) {
        Place place = expression.place;
        if (failure.line > 1) {
            place.line += failure.line - 1;
            place.column = failure.column;
        } else if (failure.line == 1 && failure.column > 0) {
            place.column += failure.column - 1;
        }
        if (failure.reads_absent) {
            if (auto absent = absent_in(expression)) {
                failure.message = *absent + " is absent; write ?. behind it if it may be";
            }
        }
        return failed(
            failure.is_limit ? Failed::Kind::kLimit : Failed::Kind::kWorkflow,
            place,
            std::move(failure.message)
        );
    }

    std::optional<std::string> absent_in(const Expression& expression) {
        auto found = templates::references(expression.source);
        if (!found) return std::nullopt;
        for (const auto& reference : *found) {
            if (reference.is_optional) continue;
            templates::Path path{.root = reference.root, .keys = {}};
            for (const auto& member : reference.members) path.keys.push_back({member, false});
            // One more: `input.a.map(...)` fails when input.a is absent.
            path.keys.push_back({std::string("x"), false});
            if (auto part = values_.absent_part(path, bindings_)) return part;
        }
        return std::nullopt;
    }

    /// Without the engine where that is enough; once it runs it knows all values, and what is left costs
    /// little.
    script::Outcome computed(const Expression& expression, script::As as) {
        if (!is_started_) {
            if (auto plain = operators::compute(expression.source, as, values_, bindings_, work_))
                return std::move(plain->text);
        }
        if (!is_started_ && names_.empty()) note_source(expression.source);
        if (auto failure = start_engine()) return std::unexpected(std::move(*failure));
        return engine_.evaluate(expression.source, as);
    }

    std::expected<std::optional<std::string>, Failed> by_script(const Expression& expression, script::As as) {
        auto outcome = computed(expression, as);
        if (!outcome) {
            const bool is_left_out =
                mode_ == Mode::kRequest && expression.is_path && outcome.error().reads_absent;
            if (is_left_out) return std::optional<std::string>();
            return translate(std::move(outcome).error(), expression);
        }
        if (as == script::As::kJson && *outcome && depth_ + json_text::depth_of(**outcome) > kDepthMax) {
            return failed(expression.place, "the value is nested deeper than 64 levels");
        }
        return std::move(*outcome);
    }

    /// Appends the node's JSON; false when it is undefined or failed (then `failure_` is set).
    bool print(const Node& node, std::string_view field) {
        if (out_.size() > limits::kPayloadBytesMax)
            return fail(failed(Failed::Kind::kLimit, {}, "the value is larger than 8 MiB"));
        if (const auto* literal = std::get_if<Json>(&node.value)) {
            out_ += to_text(*literal);
            return true;
        }
        if (const auto* text = std::get_if<Text>(&node.value)) {
            if (mode_ == Mode::kRequest && field == "path") return print_path(*text);
            return text->is_whole() ? print_whole(std::get<Expression>(text->segments.front()))
                                    : print_joined(*text);
        }
        ++depth_;
        if (const auto* members = std::get_if<templates::Members>(&node.value))
            print_members(*members, field);
        else
            print_items(std::get<templates::Items>(node.value));
        --depth_;
        return !failure_;
    }

    bool fail(Failure failure) {
        if (!failure_) failure_ = std::move(failure).error();
        return false;
    }

    void print_members(const templates::Members& members, std::string_view field) {
        out_ += '{';
        bool is_first = true;
        for (const auto& member : members) {
            const std::size_t before = out_.size();
            if (!is_first) out_ += ',';
            append_json_string(member.name, out_);
            out_ += ':';
            // Only the root's own members have a meaning in a request.
            if (print(member.value, field.empty() ? std::string_view(member.name) : "*"))
                is_first = false;
            else
                out_.resize(before);
            if (failure_) return;
        }
        out_ += '}';
    }

    void print_items(const templates::Items& items) {
        out_ += '[';
        for (std::size_t i = 0; i < items.size() && !failure_; ++i) {
            if (i > 0) out_ += ',';
            if (!print(items[i], "*")) out_ += "null";
        }
        out_ += ']';
    }

    bool print_whole(const Expression& expression) {
        if (auto native = resolve(expression)) {
            out_ += *native;
            return true;
        }
        auto value = by_script(expression, script::As::kJson);
        if (!value) return fail(std::unexpected(std::move(value).error()));
        if (!*value) return is_absence_allowed(expression) ? false : fail(absent(expression));
        out_ += **value;
        return true;
    }

    bool is_absence_allowed(const Expression& expression) const {
        return mode_ == Mode::kRequest || !expression.is_path || expression.path.has_optional();
    }

    static Failure absent(const Expression& expression) {
        return failed(
            expression.place,
            expression.path.text() + " is absent; write `" + expression.path.text() + " ?? null` if it may be"
        );
    }

    /// The text of one segment; nothing when an absent path leaves the whole string out (requests only) or it
    /// failed.
    std::optional<std::string> joined_part(const Expression& expression) {
        std::string text;
        if (auto native = resolve(expression)) {
            json_text::print_text(*native, text);
            return text;
        }
        // As JSON first where it matters whether there is a value at all.
        const bool must_exist = expression.is_path && !expression.path.has_optional();
        auto value = by_script(expression, must_exist ? script::As::kJson : script::As::kText);
        if (!value) {
            fail(std::unexpected(std::move(value).error()));
            return std::nullopt;
        }
        if (!*value) {
            if (mode_ == Mode::kPlain && must_exist) fail(absent(expression));
            if (must_exist || mode_ == Mode::kRequest) return std::nullopt;
            return text;
        }
        if (must_exist)
            json_text::print_text(**value, text);
        else
            text = std::move(**value);
        return text;
    }

    bool print_joined(const Text& text) {
        std::string joined;
        for (const auto& segment : text.segments) {
            if (const auto* literal = std::get_if<std::string>(&segment)) {
                joined += *literal;
                continue;
            }
            auto part = joined_part(std::get<Expression>(segment));
            if (!part) return false;
            joined += *part;
            if (joined.size() > limits::kPayloadBytesMax) {
                return fail(failed(
                    Failed::Kind::kLimit, std::get<Expression>(segment).place, "the text is larger than 8 MiB"
                ));
            }
        }
        append_json_string(joined, out_);
        return true;
    }

    /// Substituted values are one path segment's text: never a slash, a query, nothing at all, or a way up.
    bool print_path(const Text& text) {
        std::string path;
        for (const auto& segment : text.segments) {
            if (const auto* literal = std::get_if<std::string>(&segment)) {
                path += *literal;
                continue;
            }
            const auto& expression = std::get<Expression>(segment);
            auto part = joined_part(expression);
            if (failure_) return false;
            if (!part || part->empty()) {
                return fail(failed(expression.place, "the path needs a value here, and it is absent or empty")
                );
            }
            path += percent_encode(*part);
        }
        const std::string_view whole = std::string_view(path).substr(0, path.find_first_of("?#"));
        for (std::size_t at = 0; at <= whole.size();) {
            const std::size_t end = std::min(whole.find('/', at), whole.size());
            const std::string_view part = whole.substr(at, end - at);
            if (part == "." || part == "..") {
                return fail(failed(Place{.field = "path"}, "the path must not hold a segment . or .."));
            }
            at = end + 1;
        }
        append_json_string(path, out_);
        return true;
    }

    script::Engine& engine_;
    const Values& values_;
    const Bindings& bindings_;
    Mode mode_;
    Millis cpu_;
    Millis wall_;
    operators::Work work_;
    const Node* root_ = nullptr;  // whose expressions the engine has to know the values of
    std::vector<std::string> names_;
    std::vector<std::string> steps_;
    bool needs_all_steps_ = false;
    script::Scope scope_ = script::Scope::kLanguage;
    bool is_started_ = false;
    int depth_ = 0;
    std::string scratch_;
    std::string out_;
    std::optional<Failed> failure_;
};

std::expected<Node, Failed> parse_template(std::string_view json) {
    auto tree = parse_json(json, {.bytes_max = limits::kFrameBytesMax, .depth_max = 64});
    if (!tree) return failed(std::move(tree).error(), "");
    auto node = templates::parse(*tree);
    if (!node) return failed(std::move(node).error(), "");
    return std::move(*node);
}

std::expected<Node, Failed> parse_condition(std::string_view json) {
    auto tree = parse_json(json);
    if (!tree) return failed(std::move(tree).error(), "if");
    auto node = templates::parse_condition(*tree);
    if (!node) return failed(std::move(node).error(), "if");
    return std::move(*node);
}

Result<> check_bindings(Bindings& bindings) {
    for (auto& binding : bindings) {
        if (!is_binding_name(binding.name)) return fail(Error::invalid("binding with a bad name"));
        if (binding.json.empty()) binding.json = "null";
    }
    return {};
}

}  // namespace

Evaluator::Evaluator(script::Engine& engine, Send send) : engine_(engine), send_(std::move(send)) {
    engine_.set_log([this](protocol::Log line) { log(std::move(line)); });
}

Result<> Evaluator::handle(protocol::Request request) {
    if (auto* begin = std::get_if<protocol::Begin>(&request)) {
        if (std::exchange(has_begun_, true)) return fail(Error::invalid("a second Begin"));
        timeout_ = Millis(begin->script_timeout_ms);
        values_.begin(std::move(*begin));
        return {};
    }
    if (!has_begun_) return fail(Error::invalid("Begin comes first"));
    if (auto* put = std::get_if<protocol::Put>(&request)) {
        values_.put(std::move(*put));
    } else if (auto* forget = std::get_if<protocol::Forget>(&request)) {
        values_.forget(forget->scope);
    } else if (auto* evaluate = std::get_if<protocol::Evaluate>(&request)) {
        CHECK_OK(check_bindings(evaluate->bindings));
        answer(*evaluate);
    } else if (auto* code = std::get_if<protocol::Code>(&request)) {
        CHECK_OK(check_bindings(code->bindings));
        answer(*code);
    }
    return {};
}

void Evaluator::answer(const protocol::Evaluate& evaluate) {
    if (evaluate.is_ahead && !has_value_) return send_(protocol::Skipped{});
    has_value_ = false;
    values_.set_scope(evaluate.scope);
    if (!evaluate.condition.empty()) {
        auto node = parse_condition(evaluate.condition);
        if (!node) return send_(std::move(node).error());
        auto is_wanted = Run(engine_, values_, evaluate.bindings, Mode::kPlain, timeout_).condition(*node);
        if (!is_wanted) return send_(std::move(is_wanted).error());
        if (!*is_wanted) return send_(protocol::Skipped{});
    }
    auto node = parse_template(evaluate.value.empty() ? "null" : std::string_view(evaluate.value));
    if (!node) return send_(std::move(node).error());
    auto value = Run(engine_, values_, evaluate.bindings, evaluate.mode, timeout_).value(*node);
    if (!value) return send_(std::move(value).error());
    finish(value->value_or("null"), evaluate.keep_as, "");
}

void Evaluator::answer(const protocol::Code& code) {
    has_value_ = false;
    values_.set_scope(code.scope);
    if (auto ok = templates::check_source(code.source, "source"); !ok) {
        return send_(failed(std::move(ok).error(), "source").error());
    }
    const Millis cpu = code.cpu_ms > 0 ? Millis(code.cpu_ms) : timeout_;
    Run run(engine_, values_, code.bindings, Mode::kPlain, cpu, Millis(code.wall_ms));
    run.note_source(code.source);
    auto failure = run.start_engine();
    script::Outcome outcome =
        failure ? script::Outcome(std::unexpected(std::move(*failure))) : engine_.run(code.source);
    if (!outcome) {
        const auto& why = outcome.error();
        const auto kind = why.is_limit ? Failed::Kind::kLimit : Failed::Kind::kWorkflow;
        std::string message = why.message;
        if (why.is_out_of_cpu) message += "; `limits: {cpu: ...}` of the step raises it";
        const Place place{.field = "source", .line = why.line, .column = why.column};
        return send_(failed(kind, place, std::move(message)).error());
    }
    finish(outcome->value_or("null"), code.keep_as, "source");
}

void Evaluator::finish(std::string json, const std::string& keep_as, std::string_view field) {
    const Place place{.field = std::string(field), .line = 0, .column = 0};
    if (json.size() > limits::kPayloadBytesMax) {
        return send_(failed(Failed::Kind::kLimit, place, "the value is larger than 8 MiB").error());
    }
    if (json_text::depth_of(json) > kDepthMax) {
        return send_(failed(place, "the value is nested deeper than 64 levels").error());
    }
    has_value_ = true;
    if (!keep_as.empty()) values_.keep(keep_as, json);
    send_(protocol::Value{std::move(json)});
}

void Evaluator::log(protocol::Log line) {
    if (lines_left_ <= 0) return;
    --lines_left_;
    send_(std::move(line));
}

}  // namespace weft::runner
