#pragma once

#include "platform/pg/detail/link.h"
#include "platform/pg/pg.h"

#include <memory>
#include <string>
#include <vector>

namespace weft::pg::detail {

/// LISTEN on a Link of its own: after `open` the server speaks and we listen.
class Subscription {
  public:
    static rt::Task<Result<Subscription>> open(
        rt::Loop& loop, std::string url, std::vector<std::string> channels, rt::Deadline by
    );

    /// Waits for input once, then hands over what notifications have come.
    rt::Task<Result<void>> read(Listener::OnNotify on_notify, rt::Deadline by);

  private:
    explicit Subscription(std::shared_ptr<Link> link) : link_(std::move(link)) {}
    bool hand_over(const Listener::OnNotify& on_notify);

    std::shared_ptr<Link> link_;
};

}  // namespace weft::pg::detail
