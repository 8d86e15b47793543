// Flash attention, one query and head per work group (FlashAttention-2 section 3.1). A tile is one key per lane: each
// lane takes its key's score; then lanes take channels, and every key of the tile is added to them in turn.
// Shared memory: the query, and per lane the weight, the key's place and whether it is seen. Barriers: after the
// query is read, between scores and values, and before the next tile overwrites the weights.
const uint MAX_HEAD_DIM = 512u;
shared float query[MAX_HEAD_DIM];
shared float weights[256];
shared uint seen[256];
shared float acc[MAX_HEAD_DIM]; // each channel belongs to one lane

float softMax, softSum;

void startQuery(uint t, uint h) {
    for (uint c = lane(); c < P.q_N2; c += LANES) query[c] = q_load(q_at(t, h, c));
    for (uint c = lane(); c < P.out_N2; c += LANES) acc[c] = 0.0;
    softMax = -INFINITY;
    softSum = 0.0;
    barrier();
}

// Weighs a tile: this lane's score, and whether its key is seen. Returns the factor on what was summed before.
void weigh(float score, bool sees) {
    float largest = groupMax(sees && !isNan(score) ? score : -INFINITY);
    float next = max(softMax, largest);
    bool nothing = next == -INFINITY; // no key with any weight so far, unless a NaN is among them
    float weight = !sees ? 0.0 : isNan(score) ? NOT_A_NUMBER : nothing ? 0.0 : exp32(score - next);
    float kept = nothing ? 1.0 : exp32(softMax - next);
    weights[lane()] = weight;
    seen[lane()] = sees && !(nothing && !isNan(score)) ? 1u : 0u;
    softSum = softSum * kept + groupSum(weight);
    for (uint c = lane(); c < P.out_N2; c += LANES) acc[c] *= kept;
    softMax = next;
    barrier();
}

void finishQuery(uint t, uint h) {
    bool empty = softMax == -INFINITY && !isNan(softSum);
    for (uint c = lane(); c < P.out_N2; c += LANES) {
        out_store(out_at(t, h, c), empty ? 0.0 : isNan(softSum) ? NOT_A_NUMBER : acc[c] / softSum);
    }
    if (lane() == 0u) {
        float l = empty ? -INFINITY : isNan(softSum) ? NOT_A_NUMBER : softMax + float(log64(double(softSum)));
        lse_store(lse_at(t, h, 0u), l);
    }
}
