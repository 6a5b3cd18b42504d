#include "graphql/plan/detail/visit.h"

namespace weft::graphql {

namespace {

/// The recursion is that of the plan, which the document's depth and the metadata's bound.
class Walk {
  public:
    explicit Walk(PlanVisitor& visitor) : visitor_(visitor) {}

    void condition(const BoolExp& at) {
        if (at.kind == BoolExp::Kind::kCompare) operand(at.right);
        for (const Operand& each : at.more) operand(each);
        if (at.remote) ref(*at.remote);
        for (const BoolExp& each : at.children) condition(each);
    }

    void select(const Select& at) {
        if (!visitor_.enter(at)) return;
        ref(at.from);
        if (at.function) call(*at.function);
        for (const auto& [column, value] : at.equal_to) operand(value);
        condition(at.where);
        for (const OrderTerm& each : at.order_by) {
            for (const OrderTerm::Hop& hop : each.hops) ref(hop.remote);
            if (each.aggregated_remote) ref(*each.aggregated_remote);
        }
        if (at.limit) operand(*at.limit);
        if (at.offset) operand(*at.offset);
        for (const Select::Cursor& each : at.stream) operand(each.initial);
        outputs(at.outputs);
        for (const AggregateShape& each : at.aggregate) outputs(each.nodes);
    }

    void mutation(const Mutation& at) {
        if (const auto* rows = std::get_if<Insert>(&at.change)) {
            insert(*rows);
        } else if (const auto* updates = std::get_if<std::vector<Update>>(&at.change)) {
            for (const Update& each : *updates) update(each);
        } else {
            const auto& remove = std::get<Delete>(at.change);
            ref(remove.table);
            condition(remove.where);
        }
        masks(at.written);
        for (const MutationOutput& each : at.outputs) outputs(each.returning);
        outputs(at.row);
    }

    void action(const ActionCall& at) {
        for (const auto& [name, source] : at.arguments) this->source(source);
        outputs(at.selection);
        for (const auto& [name, selection] : at.objects) outputs(selection);
    }

  private:
    void ref(const TableRef& at) {
        visitor_.table(at);
        if (at.filter() != nullptr) permission(*at.filter());
        masks(at);
    }
    void masks(const TableRef& at) {
        if (at.masks() == nullptr) return;
        at.masks()->each_mask([&](const BoolExp& mask) { permission(mask); });
    }
    void permission(const BoolExp& at) {
        visitor_.permission(true);
        condition(at);
        visitor_.permission(false);
    }
    void source(const Source& at) {
        visitor_.source(at);
        for (const Source& each : at.items) source(each);
    }
    void operand(const Operand& at) {
        if (at.kind == Operand::Kind::kSource) source(at.source);
    }
    void call(const FunctionCall& at) {
        for (const FunctionCall::Value& each : at.arguments) {
            if (each.operand) operand(*each.operand);
        }
    }
    void outputs(const std::vector<Output>& at) {
        for (const Output& each : at) {
            if (each.json_path) operand(*each.json_path);
            if (each.call) call(*each.call);
            if (each.select) select(*each.select);
            if (each.remote) {
                for (const auto& [name, value] : each.remote->variable_arguments) source(value);
            }
        }
    }
    void presets(const std::vector<Preset>& at) {
        for (const Preset& each : at) operand(each.value);
    }
    void insert(const Insert& at) {
        if (at.right != nullptr) {
            permission(at.right->check);
            presets(at.right->presets);
        }
        if (at.batch) source(at.batch->list);
        if (at.on_conflict) {
            condition(at.on_conflict->where);
            if (at.on_conflict->update_check != nullptr) permission(*at.on_conflict->update_check);
            if (at.on_conflict->updated) ref(*at.on_conflict->updated);
            presets(at.on_conflict->presets);
        }
        for (const Insert::Row& row : at.rows) {
            for (const auto& [column, value] : row.values) operand(value);
            for (const NestedInsert& each : row.before) insert(each.insert);
            for (const NestedInsert& each : row.after) insert(each.insert);
        }
    }
    void update(const Update& at) {
        ref(at.table);
        condition(at.where);
        if (at.right != nullptr) permission(at.right->check);
        for (const Assignment& each : at.assignments) operand(each.value);
    }

    PlanVisitor& visitor_;
};

}  // namespace

void visit(const BoolExp& condition, PlanVisitor& visitor) {
    Walk(visitor).condition(condition);
}

void visit(const Select& select, PlanVisitor& visitor) {
    Walk(visitor).select(select);
}

void visit(const Plan& plan, PlanVisitor& visitor) {
    Walk walk(visitor);
    for (const RootField& each : plan.roots) {
        if (const auto* select = std::get_if<std::unique_ptr<Select>>(&each.what)) walk.select(**select);
        if (const auto* mutation = std::get_if<std::unique_ptr<Mutation>>(&each.what))
            walk.mutation(**mutation);
        if (const auto* action = std::get_if<std::unique_ptr<ActionCall>>(&each.what)) walk.action(**action);
    }
}

}  // namespace weft::graphql
