create schema if not exists weft_graphql
