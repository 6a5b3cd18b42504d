#include "control/live/live.h"

namespace weft::control {

class Live::Seat {
  public:
    Seat(Live& live, TenantId tenant) : live_(live), client_(live.env_.loop) {
        client_.tenant = tenant;
        live_.clients_[tenant].push_back(&client_);
        ++live_.count_;
    }
    ~Seat() {
        auto found = live_.clients_.find(client_.tenant);
        std::erase(found->second, &client_);
        if (found->second.empty()) live_.clients_.erase(found);
        --live_.count_;
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    Client& client() { return client_; }
    void hold(std::unique_ptr<http::Lease> lease) {
        lease_ = std::move(lease);
        client_.lease = lease_.get();
    }

  private:
    Live& live_;
    Client client_;
    std::unique_ptr<http::Lease> lease_;
};

namespace {

std::string event_text(std::string_view name, const Json& data) {
    return "event: " + std::string(name) + "\ndata: " + to_text(data) + "\n\n";
}

}  // namespace

void Live::add_operations(Table& table) {
    table.add({
        .name = "live",
        .method = http::Method::kGet,
        .path = "/live",
        .summary = "Server-sent events as runs change",
        .media = "text/event-stream",
        .access = Access::with(tenancy::Permission::kRunRead),
        .timeout = std::chrono::hours(24),
        .raw = [this](Context& context, Json input) { return open(context, std::move(input)); },
    });
}

void Live::hear(const store::notices::RunChanged& changed) {
    const auto found = clients_.find(changed.tenant);
    if (found == clients_.end()) return;
    const JsonObject data{
        {"id", changed.run.text()},
        {"state", name(changed.status)},
        {"workflow_id", changed.workflow.text()},
    };
    const std::string event = event_text("run", data);
    for (Client* client : found->second) push(*client, event);
}

/// A slow reader loses events rather than more memory than its tenant's streams may hold.
void Live::push(Client& client, const std::string& event) const {
    if (!client.has_lost) {
        const bool has_room = client.events.size() < options_.queue_max &&
                              client.lease->add(http::Held::kBytes, event.size()).has_value();
        if (has_room) {
            client.events.push_back(event);
        } else {
            lose(client);
        }
    }
    client.changed.notify_all();
}

void Live::lose(Client& client) {
    for (const std::string& event : client.events) client.lease->give_back(http::Held::kBytes, event.size());
    client.events.clear();
    client.has_lost = true;
}

void Live::on_gap() {
    for (auto& [tenant, clients] : clients_) {
        for (Client* client : clients) {
            lose(*client);
            client->changed.notify_all();
        }
    }
}

rt::Task<Result<http::Response>> Live::open(Context& context, Json) {
    auto seat = std::make_shared<Seat>(*this, context.tenant());
    http::Leases::Terms terms{
        .holder = context.principal->holder(),
        .expires_at = context.principal->expires_at,
        .renew = context.renew,
        .end =
            [weak = std::weak_ptr(seat)](http::Ending ending, const std::string& reason) {
                const auto held = weak.lock();
                if (held == nullptr) return;
                Client& client = held->client();
                const std::string_view code =
                    ending == http::Ending::kChanged ? "forbidden" : "unauthenticated";
                client.last_event = event_text("error", JsonObject{{"code", code}, {"message", reason}});
                client.changed.notify_all();
            },
    };
    CO_TRY(auto lease, leases_.take(std::move(terms)));
    seat->hold(std::move(lease));
    http::Response response;
    response.headers.add("content-type", "text/event-stream");
    response.headers.add("x-accel-buffering", "no");  // proxies must not hold events back
    response.stream = [this, seat = std::move(seat)](http::StreamWriter writer) {
        return stream(writer, seat);
    };
    co_return response;
}

rt::Task<void> Live::stream(http::StreamWriter writer, std::shared_ptr<Seat> seat) {
    Client& client = seat->client();
    const rt::Deadline& life = writer.deadline();
    std::string out = event_text("hello", JsonObject());
    while (!life.is_over()) {
        if (!client.last_event.empty()) {
            (void)co_await writer.write(std::move(client.last_event));
            co_return;
        }
        if (client.has_lost) out += event_text("resync", JsonObject());
        client.has_lost = false;
        std::size_t held = 0;
        for (const std::string& event : client.events) {
            out += event;
            held += event.size();
        }
        client.events.clear();
        if (!out.empty()) {
            auto written = co_await writer.write(std::move(out));
            if (!written) co_return;
            client.lease->give_back(http::Held::kBytes, held);
            out.clear();
        }
        if (!client.events.empty() || client.has_lost || !client.last_event.empty()) continue;
        auto woken = co_await client.changed.wait(life.at_most(options_.ping));
        if (!woken && woken.error().code == Code::kTimeout) out = ": ping\n\n";
    }
}

}  // namespace weft::control
