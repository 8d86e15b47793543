// Row r of the queries sees the keys below limit + step * r, and none from end on.
int limit, step_, end_;

float seen(const in uint r, const in uint c, const in float x, const in int first, const in int most, const in int below, const in int step) {
    int key = first + int(c);
    return key < min(most, below + step * int(r)) ? x : -INFINITY;
}

#define MASK(s, first) coopMatPerElementNV(s, s, seen, first, end_, limit, step_)
