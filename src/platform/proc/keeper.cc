#include "platform/proc/proc.h"
#include "platform/rt/sync.h"

#include <algorithm>

namespace weft::proc {

struct Keeper::Impl {
    Impl(rt::Loop& owner, Spec what, OnEvent listener, Prepare preparation, Backoff times)
        : loop(owner),
          spec(std::move(what)),
          on_event(std::move(listener)),
          prepare(std::move(preparation)),
          backoff(times),
          delay(times.initial),
          wake(owner),
          finished(owner) {}

    void report(Event::Kind kind, pid_t pid, std::string text, Millis retry_in, bool by_signal = false) {
        if (!on_event) return;
        Event event{
            .kind = kind,
            .name = spec.name,
            .pid = pid,
            .by_signal = by_signal,
            .text = std::move(text),
            .retry_in = retry_in
        };
        on_event(event);
    }

    /// Starts the program and waits for its end; the result is how it ended or why it could not start.
    rt::Task<Result<Exit>> run_once(rt::Deadline by) {
        if (prepare) CO_CHECK_OK(co_await prepare(spec));
        if (is_stopping) co_return fail(Error::cancelled("shutdown"));
        CO_TRY(child, spawn(loop, spec));
        auto stable = rt::Deadline::in(backoff.stable_after);
        report(Event::Kind::kStarted, child->pid(), "", Millis{0});
        auto ended = co_await child->wait(by);
        if (stable.is_over()) delay = Millis{0};  // it can work here: no reason to wait
        last_pid = child->pid();
        child.reset();
        co_return ended;
    }

    rt::Loop& loop;
    Spec spec;
    OnEvent on_event;
    Prepare prepare;
    Backoff backoff;
    Millis delay;
    std::optional<Child> child;
    pid_t last_pid = 0;
    bool is_running = false;
    bool is_stopping = false;
    rt::Signal wake;
    rt::Signal finished;
};

Keeper::Keeper(rt::Loop& loop, Spec spec, OnEvent on_event, Prepare prepare, Backoff backoff)
    : impl_(std::make_unique<Impl>(loop, std::move(spec), std::move(on_event), std::move(prepare), backoff)) {
}

Keeper::~Keeper() = default;

rt::Task<void> Keeper::run(rt::Deadline by) {
    impl_->is_running = true;
    while (!impl_->is_stopping && !by.is_over()) {
        auto ended = co_await impl_->run_once(by);
        bool is_final = impl_->is_stopping || by.is_over();
        Millis delay = is_final ? Millis{0} : impl_->delay;
        if (ended) {
            impl_->report(Event::Kind::kEnded, impl_->last_pid, ended->text(), delay, ended->by_signal);
        } else if (!is_final) {
            impl_->report(
                Event::Kind::kStartFailed, 0, ended.error().user + " " + ended.error().detail, delay
            );
        }
        if (is_final) break;
        (void)co_await impl_->wake.wait(by.at_most(delay));
        impl_->delay = std::clamp(impl_->delay * 2, impl_->backoff.initial, impl_->backoff.max);
    }
    impl_->is_running = false;
    impl_->finished.notify_all();
}

rt::Task<void> Keeper::stop(int number, Steady::duration grace) {
    impl_->is_stopping = true;
    impl_->wake.notify_all();
    if (impl_->child) impl_->child->signal(number);
    auto patience = rt::Deadline::in(grace);
    while (impl_->is_running && (co_await impl_->finished.wait(patience))) {
    }
    if (impl_->child) impl_->child->signal(SIGKILL);
    while (impl_->is_running) (void)co_await impl_->finished.wait(rt::Deadline::in(std::chrono::seconds(1)));
}

pid_t Keeper::pid() const {
    return impl_->child ? impl_->child->pid() : 0;
}

}  // namespace weft::proc
