#pragma once

#include <boost/asio/awaitable.hpp>

namespace weft::rt {

/// A lazily started coroutine on a Loop. Parameters go by value: the frame outlives the caller's statement.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace weft::rt
