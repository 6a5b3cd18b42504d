#include "core/trigger/listen.h"

#include "core/trigger/detail/settings.h"

namespace weft::trigger {

Result<Listen> parse_listen(const Json& config, std::string_view field) {
    TRY(const auto all,
        detail::Settings::of(config, std::string(field), {"connection", "channel", "filter"}));
    Listen out;
    TRY(out.connection, all.text("connection", 100));
    if (out.connection.empty())
        return fail(Error::invalid("Which connection leads to the database?", all.place("connection")));
    TRY(out.channel, all.text("channel", Listen::kChannelBytesMax));
    if (out.channel.empty() || out.channel.contains('\0'))
        return fail(Error::invalid(
            "Which channel? Its name has 1 to 63 bytes, as it stands behind NOTIFY, in lower case unless "
            "quoted there",
            all.place("channel")
        ));
    if (const Json* filter = all.find("filter")) {
        TRY(out.filter, Filter::parse(*filter, all.place("filter")));
    }
    return out;
}

Json to_json(const Listen& listen) {
    JsonObject out{{"connection", listen.connection}, {"channel", listen.channel}};
    if (listen.filter) out["filter"] = listen.filter->json();
    return out;
}

bool is_other_source(const Listen& before, const Listen& after) {
    return before.connection != after.connection || before.channel != after.channel;
}

std::string notified(std::string_view channel, std::string_view payload) {
    auto value = parse_json(payload);
    return to_text(JsonObject{
        {"channel", std::string(channel)}, {"payload", value ? *std::move(value) : Json(std::string(payload))}
    });
}

}  // namespace weft::trigger
