#include "store/runs/slot.h"

#include <gtest/gtest.h>

namespace weft::store::runs {
namespace {

TEST(ValueSlot, ItsTextIsTheColumnsAndReadsBack) {
    const std::pair<ValueSlot, std::string_view> kAll[] = {
        {ValueSlot::input(), "input"},
        {ValueSlot::trigger(), "trigger"},
        {ValueSlot::output(), "output"},
        {ValueSlot::response(), "response"},
        {ValueSlot::input_of("get-order_1"), "step.get-order_1.input"},
        {ValueSlot::output_of("input"), "step.input.output"},
        {ValueSlot::output_of("each", 2'000'005), "step.each[2000005].output"},
        {ValueSlot::output_of("each.item", 3), "step.each.item[3].output"},
    };
    for (const auto& [slot, text] : kAll) {
        EXPECT_EQ(slot.text(), text);
        EXPECT_EQ(ValueSlot::parse(text), slot) << text;
    }
}

TEST(ValueSlot, RefusesWhatNoSlotIsCalled) {
    for (std::string_view text :
         {"",
          "Input",
          "step.",
          "step..input",
          "step.a",
          "step.a.trigger",
          "step.input",
          "step.a[0].input",
          "step.a[x].input",
          "step.[1].input"})
        EXPECT_EQ(ValueSlot::parse(text), std::nullopt) << text;
}

}  // namespace
}  // namespace weft::store::runs
