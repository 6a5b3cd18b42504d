#pragma once

#include "graphql/plan/plan.h"

namespace weft::graphql {

/// Walks everything a plan holds, permissions' conditions included. Override what is of interest.
class PlanVisitor {
  public:
    virtual ~PlanVisitor() = default;
    /// Every reference to a table, before what its permission holds.
    virtual void table(const TableRef& ref) = 0;
    /// Every value that a statement is given.
    virtual void source(const Source& source) = 0;
    /// Goes into, and comes out of, a condition that the metadata's author wrote.
    virtual void permission(bool enters) { (void)enters; }
    /// Whether a walk goes into this.
    virtual bool enter(const Select& select) = 0;
};

void visit(const Plan& plan, PlanVisitor& visitor);
void visit(const Select& select, PlanVisitor& visitor);
void visit(const BoolExp& condition, PlanVisitor& visitor);

}  // namespace weft::graphql
