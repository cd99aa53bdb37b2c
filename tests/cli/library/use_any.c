/* Uses libraries of shapes.bend whose functions take and give any data, and two libraries at once. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "any.h"
#include "shapes.h"

static any_value *chain(int length) {
    any_value *found = any_Nat_Zero();
    while (length-- > 0) {
        found = any_Nat_Succ(found);
    }
    return found;
}

int main(void) {
    any_value *elements[] = {any_new_string("text"), any_new_i24(-1), any_new_none(), any_new_f24(1.5f),
                             any_Shape_Line(3), any_Maybe_Some(any_new_pair(any_new_u24(1), any_new_list(NULL, 0)))};
    any_value *given = any_new_list(elements, 6), *result;
    for (int turn = 0; turn < 3; turn++) {
        assert(any_same(given, &result) == ANY_OK);
        assert(any_count_of(result) == 6);
        assert(strcmp(any_text_of(any_part_of(result, 0)), "text") == 0);
        assert(any_kind_of(any_part_of(result, 2)) == ANY_NONE);
        assert(any_as_f24(any_part_of(result, 3)) == 1.5f);
        assert(any_constructor_of(any_part_of(result, 4)) == ANY_Shape_Line);
        assert(any_as_u24(any_part_of(any_part_of(result, 4), 0)) == 3);
        const any_value *pair = any_part_of(any_part_of(result, 5), 0);
        assert(any_kind_of(pair) == ANY_PAIR && any_kind_of(any_part_of(pair, 1)) == ANY_LIST);
        assert(any_count_of(any_part_of(pair, 1)) == 0);
        any_free_value(given);
        given = result;
    }
    any_free_value(given);
    assert(any_adder(any_new_u24(1), &result) == ANY_NOT_DATA && result == NULL);
    assert(strcmp(any_last_message(), "The result is a function or holds one.") == 0);
    assert(any_same(any_new_u24(1), &result) == ANY_OK && any_as_u24(result) == 1);
    given = chain(300000);
    assert(any_same(given, &result) == ANY_OK);
    any_free_value(given);
    assert(any_constructor_of(result) == ANY_Nat_Succ);
    any_free_value(result);
    uint32_t limit;
    assert(shapes_limit(&limit) == SHAPES_OK && limit == 10);
    any_stop_runtime();
    shapes_stop_runtime();
    puts("all is well");
    return 0;
}
