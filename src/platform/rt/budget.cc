#include "platform/rt/budget.h"

#include "platform/rt/sync.h"

#include <set>
#include <utility>

namespace weft::rt {

/// Leaves the queue however the wait ends.
struct Budget::Waiter {
    Waiter(Budget& b, Charge& c, std::int64_t bytes)
        : budget(b),
          charge(c),
          more(bytes),
          granted(b.loop_),
          at(b.waiting_.insert(b.waiting_.end(), this)) {}
    ~Waiter() {
        if (is_granted) return;
        budget.waiting_.erase(at);
        budget.pass_on();
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    Budget& budget;
    Charge& charge;
    std::int64_t more;
    bool is_granted = false;
    Signal granted;
    std::list<Waiter*>::iterator at;
};

Budget::Budget(Loop& loop, std::int64_t capacity, std::int64_t share)
    : loop_(loop), shares_(capacity, share) {}

Budget::~Budget() = default;

Budget::Charge::Charge(Charge&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)),
      owner_(std::move(other.owner_)),
      bytes_(std::exchange(other.bytes_, 0)) {}

Budget::Charge& Budget::Charge::operator=(Charge&& other) noexcept {
    if (this == &other) return *this;
    reset();
    budget_ = std::exchange(other.budget_, nullptr);
    owner_ = std::move(other.owner_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
}

void Budget::Charge::reset() {
    if (budget_ != nullptr && bytes_ > 0) budget_->give(owner_, bytes_);
    bytes_ = 0;
}

bool Budget::Charge::try_resize(std::int64_t bytes) {
    const std::int64_t more = bytes - bytes_;
    if (budget_ == nullptr || more == 0) return true;
    if (more < 0) {
        bytes_ = bytes;
        budget_->give(owner_, -more);
        return true;
    }
    if (!budget_->may_take(owner_, more)) return false;
    budget_->shares_.take(owner_, more);
    bytes_ = bytes;
    return true;
}

Task<Result<void>> Budget::Charge::resize(std::int64_t bytes, Deadline by) {
    if (try_resize(bytes)) co_return Result<void>{};
    if (bytes > budget_->capacity()) co_return fail(Error::limit("More memory than there is"));
    Waiter waiter(*budget_, *this, bytes - bytes_);
    while (!waiter.is_granted) CO_CHECK_OK(co_await waiter.granted.wait(by));
    co_return Result<void>{};
}

/// Those who wait come first: all of them when it is space that lacks, else those of the same owner.
bool Budget::may_take(const std::string& owner, std::int64_t more) const {
    for (const Waiter* waiter : waiting_) {
        if (waiter->more > shares_.free() || waiter->charge.owner_ == owner) return false;
    }
    return shares_.may_take(owner, more);
}

void Budget::give(const std::string& owner, std::int64_t bytes) {
    shares_.give(owner, bytes);
    pass_on();
}

void Budget::pass_on() {
    std::set<std::string_view> blocked;  // owners beyond their share
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        Waiter& waiter = **at;
        // Everybody's: a large one is not overtaken by small ones for ever.
        if (waiter.more > shares_.free()) return;
        const std::string& owner = waiter.charge.owner_;
        if (blocked.contains(owner) || !shares_.may_take(owner, waiter.more)) {
            blocked.insert(owner);
            ++at;
            continue;
        }
        shares_.take(owner, waiter.more);
        waiter.charge.bytes_ += waiter.more;
        waiter.is_granted = true;
        waiter.granted.notify_all();
        at = waiting_.erase(at);
    }
}

}  // namespace weft::rt
