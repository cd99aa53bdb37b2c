/* Uses the library of nets.bend, whose functions need nets, or turn out to. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "nets.h"

#define CHECK(status, call) do { nets_status s = (call); if (s != (status)) { \
    fprintf(stderr, "%d: %s gives %d: %s\n", __LINE__, #call, s, nets_last_message()); return 1; } } while (0)

static void *call_both(void *place) {
    uint32_t n;
    for (uint32_t i = 0; i < 50; i++) {
        if (nets_both(i, &n) != NETS_OK || n != 2 * i + 1 || nets_next(i, &n) != NETS_OK || n != 2 * i + 2) { return NULL; }
    }
    return place;
}

int main(void) {
    uint32_t n, numbers[3];
    nets_value *value, *tree;
    CHECK(NETS_OK, nets_both(5, &n)); assert(n == 11);
    CHECK(NETS_OK, nets_next(7, &n)); assert(n == 16);
    assert(strcmp(nets_last_message(), "") == 0);
    CHECK(NETS_OK, nets_copies(40, &n)); assert(n == 1);
    CHECK(NETS_OK, nets_copies(4, &n)); assert(n == 1);
    tree = nets_Tree_Node(nets_Tree_Leaf(3), nets_Tree_Node(nets_Tree_Leaf(4), nets_Tree_Leaf(5)));
    CHECK(NETS_OK, nets_sum(tree, &n)); assert(n == 12);
    CHECK(NETS_OK, nets_grow(1000, tree, &value));
    nets_free_value(tree);
    assert(nets_constructor_of(value) == NETS_Tree_Node);
    CHECK(NETS_OK, nets_sum(value, &n)); assert(n == 12 + 1000 * 1001 + 1000);
    nets_free_value(value);
    nets_value *names[] = {nets_new_string("Zo\u00eb"), nets_new_string("")}, *list = nets_new_list(names, 2);
    CHECK(NETS_OK, nets_named(9, list, &value));
    nets_free_value(list);
    const nets_value *pairs = nets_part_of(value, 1);
    assert(nets_kind_of(nets_part_of(value, 0)) == NETS_NONE && nets_count_of(pairs) == 2);
    assert(nets_as_u24(nets_part_of(nets_part_of(pairs, 0), 0)) == 20);
    assert(strcmp(nets_text_of(nets_part_of(nets_part_of(pairs, 0), 1)), "Zo\u00eb") == 0);
    nets_free_value(value);
    CHECK(NETS_OK, nets_constants(&value));
    assert(nets_read_u24(value, numbers, 3) == 3 && numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3);
    nets_free_value(value);
    CHECK(NETS_NOT_DATA, nets_split(5, &n)); assert(strstr(nets_last_message(), "superposition"));
    CHECK(NETS_OK, nets_both(6, &n)); assert(n == 13);
    CHECK(NETS_BAD_ARGUMENT, nets_both(1 << 24, &n));
    CHECK(NETS_DIVISION_BY_ZERO, nets_quotient(3, 0, &n)); assert(strstr(nets_last_message(), "both_of(a) / b") && n == 0);
    CHECK(NETS_OK, nets_quotient(3, 2, &n)); assert(n == 3);
    CHECK(NETS_OK, nets_start_runtime(2, 50 << 20));
    CHECK(NETS_OUT_OF_MEMORY, nets_forever(1, &value)); assert(value == NULL);
    CHECK(NETS_OK, nets_both(7, &n)); assert(n == 15);
    nets_stop_runtime();
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) { pthread_create(&threads[i], NULL, call_both, &n); }
    for (int i = 0; i < 2; i++) {
        void *done;
        pthread_join(threads[i], &done);
        assert(done != NULL);
    }
    nets_stop_runtime();
    puts("all is well");
    return 0;
}
