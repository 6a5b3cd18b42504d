#pragma once

#include "control/api/api.h"

#include <string_view>
#include <utility>

/// What the operations of all nouns have in common, so that a module's table is a row for each: kinds of
/// operations, and handlers over the functions that every store has.
namespace weft::control {

/// What tells one operation of a kind from another.
struct Row {
    std::string_view name;  // "apps.create": what it is audited as follows from it
    std::string_view path;
    std::string_view summary;
    Access access;
    std::string_view answer = "";  // what it shows; of a page: each item
    std::string_view input = "{}";
    std::string_view object = "";  // whose audit row a change writes; the answer's name when empty
};

inline Access may(tenancy::Permission permission) {
    return Access::with(permission);
}

Operation lists(Row row, Handler handler);     // GET, a page
Operation shows(Row row, Handler handler);     // GET
Operation creates(Row row, Handler handler);   // POST, 201, Idempotency-Key
Operation changes(Row row, Handler handler);   // PATCH
Operation deletes(Row row, Handler handler);   // DELETE, 204
Operation commands(Row row, Handler handler);  // POST that changes what there is

/// A member function as a handler; `owner` outlives the table.
template <class Owner>
Handler bind(Owner* owner, rt::Task<Result<Json>> (Owner::*method)(Context&, Json)) {
    return
        [owner, method](Context& context, Json input) { return (owner->*method)(context, std::move(input)); };
}

template <class T>
using Show = Json (*)(const T&);
template <class IdType, class T>
using ById = rt::Task<Result<T>> (*)(store::Db, IdType, rt::Deadline);
template <class T>
using ListAll = rt::Task<Result<store::Page<T>>> (*)(store::Db, store::PageRequest, rt::Deadline);
template <class IdType, class T>
using ListBelow = rt::Task<Result<store::Page<T>>> (*)(store::Db, IdType, store::PageRequest, rt::Deadline);

// The coroutines behind the handlers below, which are no coroutines themselves.
namespace family {

template <class IdType, class T>
rt::Task<Result<Json>> answer_one(Context& context, Json input, ById<IdType, T> act, Show<T> show) {
    const auto id = id_in<IdType>(input);
    context.object = id.uuid();
    CO_TRY(T found, co_await act(context.db(), id, context.deadline));
    co_return show(found);
}

template <class IdType>
rt::Task<Result<Json>> answer_gone(Context& context, Json input, ById<IdType, void> drop) {
    const auto id = id_in<IdType>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await drop(context.db(), id, context.deadline));
    co_return Json(nullptr);
}

template <class T>
rt::Task<Result<Json>> answer_page(Context& context, Json input, ListAll<T> list, Show<T> show) {
    CO_TRY(auto page, page_in(input));
    CO_TRY(auto found, co_await list(context.db(), page, context.deadline));
    co_return page_json(found, show);
}

template <class IdType, class Parent, class T>
rt::Task<Result<Json>> answer_page_below(
    Context& context, Json input, ById<IdType, Parent> parent, ListBelow<IdType, T> list, Show<T> show
) {
    const auto id = id_in<IdType>(input);
    CO_TRY(auto page, page_in(input));
    CO_CHECK_OK(co_await parent(context.db(), id, context.deadline));
    CO_TRY(auto found, co_await list(context.db(), id, page, context.deadline));
    co_return page_json(found, show);
}

}  // namespace family

/// Shows what `act` gives for the id: a look-up, or a change that takes nothing else.
template <class IdType, class T>
Handler by_id(ById<IdType, T> act, Show<T> show) {
    return [act, show](Context& context, Json input) {
        return family::answer_one(context, std::move(input), act, show);
    };
}

template <class IdType>
Handler drop_by_id(ById<IdType, void> drop) {
    return
        [drop](Context& context, Json input) { return family::answer_gone(context, std::move(input), drop); };
}

template <class T>
Handler list_all(ListAll<T> list, Show<T> show) {
    return [list, show](Context& context, Json input) {
        return family::answer_page(context, std::move(input), list, show);
    };
}

/// What belongs to one `parent`, which must be there.
template <class IdType, class Parent, class T>
Handler list_below(ById<IdType, Parent> parent, ListBelow<IdType, T> list, Show<T> show) {
    return [parent, list, show](Context& context, Json input) {
        return family::answer_page_below(context, std::move(input), parent, list, show);
    };
}

}  // namespace weft::control
