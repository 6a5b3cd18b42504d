#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace weft::schemacheck {

class Checker {
  public:
    Checker();
    Checker(Checker&&) noexcept;
    Checker& operator=(Checker&&) noexcept;
    ~Checker();

    /// `{"documents": {uri: schema, …}}` keeps what references may lead to, and answers `{}`.
    /// `{"schema": …, "values": […], "formats"?: bool}` answers `{"fits": [true, false, …]}`, where null
    /// stands for a check that would be too much work, or `{"error", "field"}` when the schema is refused.
    std::string answer(std::string_view request);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace weft::schemacheck
