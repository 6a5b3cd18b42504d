#include "graphql/model/model_for_test.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

constexpr std::string_view kMetadata = R"JSON({"version": 3, "sources": [{"name": "default", "tables": [
  {"table": "note",
   "select_permissions": [{"role": "user", "permission": {
     "columns": ["id", "text"], "filter": {"owner": "X-Hasura-User-Id"},
     "query_root_fields": ["select", "select_by_pk"], "subscription_root_fields": ["select_stream"]}}],
   "insert_permissions": [{"role": "user", "permission": {
     "columns": ["text"], "check": {}, "set": {"owner": "X-Hasura-User-Id"}}}],
   "update_permissions": [{"role": "user", "permission": {"columns": [], "filter": {}, "set": {"owner": "x"}}}],
   "delete_permissions": [{"role": "user", "permission": {"filter": {}}}]}]}]})JSON";

constexpr std::string_view kPrinted = R"SDL(schema {
  query: query_root
  mutation: mutation_root
  subscription: subscription_root
}

"""
Boolean expression to compare columns of type "Int". All fields are combined with logical 'AND'.
"""
input Int_comparison_exp {
  _eq: Int
  _gt: Int
  _gte: Int
  _in: [Int!]
  _is_null: Boolean
  _lt: Int
  _lte: Int
  _neq: Int
  _nin: [Int!]
}

"""
Boolean expression to compare columns of type "String". All fields are combined with logical 'AND'.
"""
input String_comparison_exp {
  _eq: String
  _gt: String
  _gte: String
  _ilike: String
  _in: [String!]
  _iregex: String
  _is_null: Boolean
  _like: String
  _lt: String
  _lte: String
  _neq: String
  _nilike: String
  _nin: [String!]
  _niregex: String
  _nlike: String
  _nregex: String
  _nsimilar: String
  _regex: String
  _similar: String
}

"""ordering argument of a cursor"""
enum cursor_ordering {
  """ascending ordering of the cursor"""
  ASC

  """descending ordering of the cursor"""
  DESC
}

"""mutation root"""
type mutation_root {
  """
  delete data from the table: "note"
  """
  delete_note(
    """filter the rows which have to be deleted"""
    where: note_bool_exp!
  ): note_mutation_response

  """
  delete single row from the table: "note"
  """
  delete_note_by_pk(id: Int!): note

  """
  insert data into the table: "note"
  """
  insert_note(
    """the rows to be inserted"""
    objects: [note_insert_input!]!

    """upsert condition"""
    on_conflict: note_on_conflict
  ): note_mutation_response

  """
  insert a single row into the table: "note"
  """
  insert_note_one(
    """the row to be inserted"""
    object: note_insert_input!

    """upsert condition"""
    on_conflict: note_on_conflict
  ): note

  """
  update data of the table: "note"
  """
  update_note(
    """filter the rows which have to be updated"""
    where: note_bool_exp!
  ): note_mutation_response

  """
  update single row of the table: "note"
  """
  update_note_by_pk(pk_columns: note_pk_columns_input!): note

  """
  update multiples rows of table: "note"
  """
  update_note_many(
    """updates to execute, in order"""
    updates: [note_updates!]!
  ): [note_mutation_response]
}

"""
columns and relationships of "note"
"""
type note {
  id: Int!
  text: String!
}

"""
Boolean expression to filter rows from the table "note". All fields are combined with a logical 'AND'.
"""
input note_bool_exp {
  _and: [note_bool_exp!]
  _not: note_bool_exp
  _or: [note_bool_exp!]
  id: Int_comparison_exp
  text: String_comparison_exp
}

"""
unique or primary key constraints on table "note"
"""
enum note_constraint {
  """
  unique or primary key constraint on columns "id"
  """
  note_pkey
}

"""
input type for inserting data into table "note"
"""
input note_insert_input {
  text: String
}

"""
response of any mutation on the table "note"
"""
type note_mutation_response {
  """number of rows affected by the mutation"""
  affected_rows: Int!

  """data from the rows affected by the mutation"""
  returning: [note!]!
}

"""
on_conflict condition type for table "note"
"""
input note_on_conflict {
  constraint: note_constraint!
  update_columns: [note_update_column!]! = []
  where: note_bool_exp
}

"""Ordering options when selecting data from "note"."""
input note_order_by {
  id: order_by
  text: order_by
}

"""primary key columns input for table: note"""
input note_pk_columns_input {
  id: Int!
}

"""
select columns of table "note"
"""
enum note_select_column {
  """column name"""
  id

  """column name"""
  text
}

"""
Streaming cursor of the table "note"
"""
input note_stream_cursor_input {
  """Stream column input with initial value"""
  initial_value: note_stream_cursor_value_input!

  """cursor ordering"""
  ordering: cursor_ordering
}

"""Initial value of the column from where the streaming should start"""
input note_stream_cursor_value_input {
  id: Int
  text: String
}

"""
update columns of table "note"
"""
enum note_update_column {
  """placeholder (do not use)"""
  _PLACEHOLDER
}

input note_updates {
  """filter the rows which have to be updated"""
  where: note_bool_exp!
}

"""column ordering options"""
enum order_by {
  """in ascending order, nulls last"""
  asc

  """in ascending order, nulls first"""
  asc_nulls_first

  """in ascending order, nulls last"""
  asc_nulls_last

  """in descending order, nulls first"""
  desc

  """in descending order, nulls first"""
  desc_nulls_first

  """in descending order, nulls last"""
  desc_nulls_last
}

type query_root {
  """
  fetch data from the table: "note"
  """
  note(
    """distinct select on columns"""
    distinct_on: [note_select_column!]

    """limit the number of rows returned"""
    limit: Int

    """skip the first n rows. Use only with order_by"""
    offset: Int

    """sort the rows by one or more columns"""
    order_by: [note_order_by!]

    """filter the rows returned"""
    where: note_bool_exp
  ): [note!]!

  """fetch data from the table: "note" using primary key columns"""
  note_by_pk(id: Int!): note
}

type subscription_root {
  """
  fetch data from the table in a streaming manner: "note"
  """
  note_stream(
    """maximum number of rows returned in a single batch"""
    batch_size: Int!

    """cursor to stream the results returned by the query"""
    cursor: [note_stream_cursor_input]!

    """filter the rows returned"""
    where: note_bool_exp
  ): [note!]!
})SDL";

// All of what one role sees of one table: names, types, defaults and descriptions.
TEST(PrintedModel, IsWhatHasuraShows) {
    Catalog catalog;
    testing::TableMaker(catalog, "note", {"id int4!=", "text text!", "owner text!"}).key({"id"});
    const auto model = testing::model_of(std::move(catalog), kMetadata);
    std::string printed = print_schema(model->access("user").view());
    while (printed.ends_with('\n')) printed.pop_back();
    EXPECT_EQ(printed, kPrinted);
}

TEST(PrintedModel, IsAValidSchema) {
    for (const SchemaError& each : validate_schema(testing::library_model()->schema())) {
        ADD_FAILURE() << each.message;
    }
}

}  // namespace
}  // namespace weft::graphql
