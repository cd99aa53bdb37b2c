/* Uses the library of shapes.bend, each function of its header. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "shapes.h"

/* How calls end that are nested too deeply: nets have no stack. */
#ifdef AS_NETS
#define TOO_DEEP SHAPES_OUT_OF_MEMORY
#else
#define TOO_DEEP SHAPES_STACK_OVERFLOW
#endif

#define CHECK(status, call) do { shapes_status s = (call); if (s != (status)) { \
    fprintf(stderr, "%d: %s gives %d: %s\n", __LINE__, #call, s, shapes_last_message()); return 1; } } while (0)

static void *sum_up(void *place) {
    shapes_status status = shapes_sums(10, 0, place);
    return status == SHAPES_OK ? place : NULL;
}

int main(void) {
    uint32_t n, numbers[1000], back[3];
    float f, weights[] = {1.0f, 0.1f};
    int32_t ints[2];
    for (uint32_t i = 0; i < 1000; i++) { numbers[i] = i; }
    shapes_value *list = shapes_new_list_of_u24(numbers, 1000), *value, *other;
    CHECK(SHAPES_OK, shapes_total(list, &n)); assert(n == 499500);
    other = shapes_copy_value(list);
    shapes_free_value(list);
    CHECK(SHAPES_OK, shapes_total(other, &n)); assert(n == 499500);
    shapes_free_value(other);
    value = shapes_Shape_Box(shapes_Shape_Box(shapes_Shape_Line(7), 1.5f), 2.25f);
    CHECK(SHAPES_OK, shapes_area(value, &f)); assert(f == 10.75f);
    CHECK(SHAPES_BAD_ARGUMENT, shapes_total(value, &n)); assert(strstr(shapes_last_message(), "Argument 1")); assert(n == 0);
    shapes_free_value(value);
    CHECK(SHAPES_BAD_ARGUMENT, shapes_total(NULL, &n));
    CHECK(SHAPES_BAD_ARGUMENT, shapes_total(shapes_new_none(), &n));
    CHECK(SHAPES_BAD_ARGUMENT, shapes_divide(1 << 24, 1, &n));
    CHECK(SHAPES_BAD_ARGUMENT, shapes_limit(NULL));
    assert(shapes_new_u24(1 << 24) == NULL && shapes_new_i24(-8388609) == NULL);
    assert(shapes_new_pair(shapes_new_string("x"), shapes_new_u24(1 << 24)) == NULL);
    CHECK(SHAPES_OK, shapes_limit(&n)); assert(n == 10);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(SHAPES_OK, shapes_powers(i, &value));
        assert(shapes_count_of(value) == 49 && shapes_read_u24(value, numbers, 1000) == 49);
        assert(numbers[0] == 1 && numbers[47] == 1 << 23 && numbers[48] == i);
        shapes_free_value(value);
    }
    CHECK(SHAPES_OK, shapes_names(&value));
    assert(shapes_kind_of(value) == SHAPES_LIST && shapes_count_of(value) == 3);
    assert(strcmp(shapes_text_of(shapes_part_of(value, 0)), "Zo\u00eb") == 0);
    assert(strcmp(shapes_text_of(shapes_part_of(value, 2)), "") == 0 && shapes_part_of(value, 3) == NULL);
    CHECK(SHAPES_OK, shapes_greet(shapes_part_of(value, 1), &other));
    assert(strcmp(shapes_text_of(other), "Hello, \u65e5\u672c") == 0);
    shapes_free_value(other);
    shapes_free_value(value);
    value = shapes_new_pair(shapes_new_u24(3), shapes_new_pair(shapes_new_i24(-4), shapes_new_f24(0.5f)));
    CHECK(SHAPES_OK, shapes_swap(value, &other));
    shapes_free_value(value);
    assert(shapes_as_u24(shapes_part_of(other, 1)) == 3);
    assert(shapes_as_i24(shapes_part_of(shapes_part_of(other, 0), 1)) == -4);
    assert(shapes_as_f24(shapes_part_of(shapes_part_of(other, 0), 0)) == 0.5f);
    shapes_free_value(other);
    value = shapes_new_list_of_f24(weights, 2);
    CHECK(SHAPES_OK, shapes_halves(value, &other));
    assert(shapes_read_f24(other, weights, 1) == 2 && weights[0] == 0.5f && weights[1] == 0.1f);
    assert(shapes_read_u24(other, numbers, 1) == SIZE_MAX);
    shapes_free_value(value); shapes_free_value(other);
    CHECK(SHAPES_OK, shapes_nested(2, &value));
    assert(shapes_count_of(value) == 2 && shapes_read_i24(shapes_part_of(value, 1), ints, 2) == 2 && ints[1] == -2);
    shapes_free_value(value);
    CHECK(SHAPES_DIVISION_BY_ZERO, shapes_divide(4, 0, &n)); assert(strstr(shapes_last_message(), "a / b"));
    CHECK(SHAPES_DIVISION_BY_ZERO, shapes_broken(&value)); assert(value == NULL);
    CHECK(SHAPES_OK, shapes_divide(9, 2, &n)); assert(n == 4);
    value = shapes_Maybe_Some(shapes_new_u24(5));
    CHECK(SHAPES_OK, shapes_first(value, &n)); assert(n == 5);
    shapes_free_value(value);
    value = shapes_Maybe_Some(shapes_new_string("five"));
    CHECK(SHAPES_BAD_ARGUMENT, shapes_first(value, &n));
    shapes_free_value(value);
    CHECK(SHAPES_OK, shapes_start_runtime(2, 200 << 20));
    CHECK(SHAPES_OK, shapes_count(1000000, &value));
    assert(shapes_count_of(value) == 1000000 && shapes_read_u24(value, back, 3) == 1000000 && back[2] == 999998);
    CHECK(SHAPES_OK, shapes_total(value, &n));
    shapes_free_value(value);
    CHECK(TOO_DEEP, shapes_deep(16000000, &n)); assert(TOO_DEEP == SHAPES_OUT_OF_MEMORY || strstr(shapes_last_message(), "'deep'"));
    CHECK(SHAPES_OUT_OF_MEMORY, shapes_count(16000000, &value)); assert(value == NULL);
    CHECK(SHAPES_OK, shapes_boxes(200000, &value));
    assert(shapes_constructor_of(value) == SHAPES_Shape_Box);
    CHECK(SHAPES_OK, shapes_area(value, &f));
    shapes_free_value(value);
    shapes_stop_runtime();
    pthread_t threads[4];
    uint32_t sums[4];
    for (int i = 0; i < 4; i++) { pthread_create(&threads[i], NULL, sum_up, &sums[i]); }
    for (int i = 0; i < 4; i++) {
        void *done;
        pthread_join(threads[i], &done);
        assert(done != NULL && sums[i] == 523776);
    }
    for (int i = 0; i < 1000; i++) { CHECK(SHAPES_OK, shapes_sums(3, i, &n)); }
    shapes_stop_runtime();
    puts("all is well");
    return 0;
}
