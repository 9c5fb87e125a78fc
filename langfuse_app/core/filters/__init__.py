"""The filter language (spec/api.md §9), once: parsed here, compiled to the column store and to SQL with bound parameters."""
