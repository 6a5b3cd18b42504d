#include "core/form/page.h"

namespace weft::form {

/// Colours have a contrast of 4.5 or more against what they stand on, in light and dark.
std::string_view style() {
    return R"(
:root {
  --page: #f3f4f7; --card: #fff; --ink: #1b1f24; --soft: #555c68; --line: #7d8593;
  --main: #2457c5; --on: #fff; --bad: #b3261e; --wash: #fdecea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101317; --card: #1a1e24; --ink: #e8eaed; --soft: #a9b0bb; --line: #7f8896;
    --main: #a9c5ff; --on: #0c2350; --bad: #ffb4ab; --wash: #3a1d1b;
  }
}
* { box-sizing: border-box }
body {
  margin: 0; padding: 16px; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
main {
  max-width: 640px; margin: 24px auto; padding: 28px; background: var(--card); border-radius: 12px;
  overflow-wrap: anywhere;
}
h1 { margin: 0 0 8px; font-size: 1.6em; line-height: 1.25 }
.about { margin: 0 0 20px; white-space: pre-line }
.field { margin: 0 0 20px; padding: 0; border: 0; min-width: 0 }
label, legend { display: block; padding: 0; margin: 0 0 4px; font-weight: 600 }
.hint, .optional { margin: 0 0 6px; color: var(--soft); font-size: .9em; font-weight: 400 }
.hint { white-space: pre-line }
.star, .error { color: var(--bad) }
.error { margin: 6px 0 0; font-weight: 600 }
input:not([type=checkbox]):not([type=radio]), select, textarea {
  width: 100%; min-height: 44px; padding: 9px 12px; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; font: inherit;
}
::placeholder { color: var(--soft); opacity: 1 }
[aria-invalid=true] { border-color: var(--bad) !important }
.tick { display: flex; gap: 10px; align-items: flex-start; min-height: 32px }
.tick input { flex: none; width: 20px; height: 20px; margin: 3px 0 0; accent-color: var(--main) }
.tick label { margin: 0; padding: 1px 0; font-weight: 400 }
button {
  min-height: 44px; padding: 10px 24px; color: var(--on); background: var(--main); border: 0;
  border-radius: 8px; font: inherit; font-weight: 600; cursor: pointer;
}
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px }
a { color: inherit }
.alert {
  margin: 0 0 20px; padding: 12px 16px; background: var(--wash); border-left: 4px solid var(--bad);
  border-radius: 4px;
}
.alert p { margin: 0; font-weight: 600 }
.alert ul { margin: 6px 0 0; padding-left: 20px }
.trap { position: absolute; left: -9999px; width: 1px; height: 1px; overflow: hidden }
@media (max-width: 480px) {
  body { padding: 0; background: var(--card) }
  main { margin: 0; padding: 20px 16px; border-radius: 0 }
  button { width: 100% }
}
)";
}

}  // namespace weft::form
