#pragma once

namespace weft::test {

/// Built with a sanitizer: freed memory is kept for a while and everything takes several times as long, so a
/// test measures neither there; the release build does.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace weft::test
