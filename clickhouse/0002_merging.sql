-- Ten parts of one size make the next one, which reads every row once per power of ten; fewer and older ones are merged too
-- (min_parts_to_merge_at_once would never take up what is left over), and with that their text indexes are built.
ALTER TABLE {table:observations} MODIFY SETTING merge_selector_base = 10, min_parts_to_merge_at_once = 0;
ALTER TABLE {table:traces} MODIFY SETTING merge_selector_base = 10, min_parts_to_merge_at_once = 0;
ALTER TABLE {table:scores} MODIFY SETTING merge_selector_base = 10, min_parts_to_merge_at_once = 0;
