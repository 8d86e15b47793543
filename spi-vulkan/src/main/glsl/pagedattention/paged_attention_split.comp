// Decode over cache pages, the pages of a query split over work groups (Flash-Decoding; FlashInfer section 2.2 for the merge).
// A work group takes every SPLITS-th page for HEADS query heads that share keys and values. SPAN neighbouring lanes hold a key,
// eight channels each, so that a subgroup reads whole rows side by side; STEPS keys per lane are loaded before any is used. Maxima
// belong to a subgroup, in units of log 2; subgroups meet once, at the end.
//
// Shared memory: one head's sums of every lane, and a maximum per subgroup. Barriers: around each head's exchange at the end.
//@ extension GL_KHR_shader_subgroup_shuffle
//@ extension GL_EXT_control_flow_attributes
//@ spec STREAMING
//@ spec CHOSEN
//@ spec HEADS
//@ spec SPAN
//@ spec SPLITS
//@ tensor q
//@ tensor qOffsets
//@ tensor kvLengths
//@ tensor counts
//@ tensor chosen
//@ tensor slots
//@ address parts
//@ float scale
//@ uint sink
//@ uint recent
//@ uint headsPerList
#include "shared/pages.glsl"
#include "shared/heads.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 16) readonly buffer Words4 { uvec4 v; };
layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer Words2 { uvec2 v; };

#define UNROLL [[unroll]]
const uint STEPS = 4u;
const float LOWEST = -3.4028234e38, LOG2E = 1.44269504;
shared float stage[LANES * 8u];
shared float groupMaxima[32];

float query[HEADS * 8u], acc[HEADS * 8u], largest[HEADS], total[HEADS];
int numSeqPages, length_, p_; // of the query: pages before its end, keys, position

struct Eight { float v[8]; };

// Eight channels from element e on, as stored; a page that begins at a multiple of 16 bytes is read in whole words.
Eight eightOf(uint64_t data, uint stored, uint64_t e, bool even) {
    Eight x;
    if (!even || stored == 0u) {
        UNROLL for (uint i = 0u; i < 8u; i++) x.v[i] = loadElement(data, storageOf(stored), e + i);
    } else if (stored <= 2u) {
        uvec4 w = Words4(data + 2 * e).v;
        UNROLL for (uint i = 0u; i < 4u; i++) {
            vec2 two = stored == 1u ? unpackHalf2x16(w[i]) : uintBitsToFloat(uvec2(w[i] << 16, w[i] & 0xffff0000u));
            x.v[2u * i] = two.x;
            x.v[2u * i + 1u] = two.y;
        }
    } else if (stored == 3u) {
        uvec2 w = Words2(data + e).v;
        UNROLL for (uint i = 0u; i < 8u; i++) x.v[i] = float(w[i / 4u] >> 8u * (i % 4u) & 0xffu);
    } else {
        uint w = Word(data + e / 2).v;
        UNROLL for (uint i = 0u; i < 8u; i++) x.v[i] = float(w >> 4u * i & 0xfu);
    }
    return x;
}

bool visible(int j) { return STREAMING == 0u || j < int(P.sink) || j > p_ - int(P.recent); }

// The keys of one page, which holds those from position start on.
void page(uint64_t at, uint slot, int start, bool even) {
    uint places = LANES / SPAN, place = lane() / SPAN, c = lane() % SPAN * 8u;
    int count = min(int(P.pageSize), p_ + 1 - start);
    for (int first = 0; first < count; first += int(places * STEPS)) {
        float s[STEPS * HEADS];
        bool sees[STEPS];
        Eight x[STEPS];
        vec2 codes[STEPS];
        UNROLL for (uint n = 0u; n < STEPS; n++) {
            int j = first + int(n * places + place);
            sees[n] = j < count && visible(start + j);
            uint64_t param = uint64_t(slot) * P.pageSize + uint(min(j, count - 1));
            x[n] = eightOf(at, KP, param * P.headDimQk + c, even);
            codes[n] = KP < 3u ? vec2(1.0, 0.0)
                : vec2(loadElement(at + P.kScaleOffset, F16, param), loadElement(at + P.kZeroOffset, F16, param));
        }
        UNROLL for (uint n = 0u; n < STEPS; n++) {
            UNROLL for (uint h = 0u; h < HEADS; h++) {
                float sum = 0.0;
                UNROLL for (uint i = 0u; i < 8u; i++) sum = fma(query[h * 8u + i], KP < 3u ? x[n].v[i] : x[n].v[i] - codes[n].y, sum);
                if (KP >= 3u) sum *= codes[n].x;
                for (uint w = SPAN / 2u; w > 0u; w /= 2u) sum += subgroupShuffleXor(sum, w);
                s[n * HEADS + h] = sees[n] ? sum * (P.scale * LOG2E) : -INFINITY;
            }
        }
        UNROLL for (uint n = 0u; n < STEPS; n++) {
            int j = first + int(n * places + place);
            uint64_t param = uint64_t(slot) * P.pageSize + uint(min(j, count - 1));
            x[n] = eightOf(at + P.vDataOffset, VP, param * P.headDimVo + c, even);
            codes[n] = VP < 3u ? vec2(1.0, 0.0)
                : vec2(loadElement(at + P.vScaleOffset, F16, param), loadElement(at + P.vZeroOffset, F16, param));
        }
        UNROLL for (uint h = 0u; h < HEADS; h++) {
            float next = largest[h];
            UNROLL for (uint n = 0u; n < STEPS; n++) next = isNan(s[n * HEADS + h]) ? next : max(next, s[n * HEADS + h]);
            next = subgroupMax(next);
            float kept = exp2(largest[h] - next);
            largest[h] = next;
            total[h] *= kept;
            UNROLL for (uint i = 0u; i < 8u; i++) acc[h * 8u + i] *= kept;
        }
        UNROLL for (uint n = 0u; n < STEPS; n++) {
            if (!sees[n]) continue; // a value that is not seen may be a NaN
            UNROLL for (uint h = 0u; h < HEADS; h++) {
                float w = exp2(s[n * HEADS + h] - largest[h]);
                total[h] += w;
                UNROLL for (uint i = 0u; i < 8u; i++) {
                    float v = VP < 3u ? x[n].v[i] : (x[n].v[i] - codes[n].y) * codes[n].x;
                    acc[h * 8u + i] = fma(w, v, acc[h * 8u + i]);
                }
            }
        }
    }
}

// Adds what the lanes hold of head h and writes it: the sums, then their weight and the maximum.
void meet(uint h, uint64_t to) {
    if (subgroupElect()) groupMaxima[gl_SubgroupID] = largest[h];
    barrier();
    float top = LOWEST;
    for (uint i = 0u; i < gl_NumSubgroups; i++) top = max(top, groupMaxima[i]);
    float kept = exp2(largest[h] - top);
    UNROLL for (uint i = 0u; i < 8u; i++) stage[lane() * 8u + i] = acc[h * 8u + i] * kept;
    // Every lane of a key counted its weight.
    float sum = groupSum(lane() % SPAN == 0u ? total[h] * kept : 0.0);
    barrier();
    for (uint c = lane(); c < SPAN * 8u; c += LANES) {
        float v = 0.0;
        for (uint place = 0u; place < LANES / SPAN; place++) v += stage[place * SPAN * 8u + c];
        Real(to + 4 * uint64_t(c)).v = v;
    }
    if (lane() == 0u) {
        Real(to + 4 * uint64_t(SPAN * 8u)).v = sum;
        Real(to + 4 * uint64_t(SPAN * 8u) + 4).v = top;
    }
    barrier();
}

void main() {
    uint split = groupIndex() % SPLITS, list = groupIndex() / SPLITS, lists = P.numServed * P.groupSize / HEADS;
    uint t = list / lists, i = list % lists * HEADS;
    if (t >= P.q_N0) return;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    UNROLL for (uint h = 0u; h < HEADS; h++) {
        largest[h] = LOWEST;
        total[h] = 0.0;
        UNROLL for (uint n = 0u; n < 8u; n++) {
            acc[h * 8u + n] = 0.0;
            query[h * 8u + n] = q_load(q_at(t, qoHead(i + h), lane() % SPAN * 8u + n));
        }
    }
    if (s >= 0) {
        p_ = kvLengths_int(uint64_t(s)) - (qOffsets_int(s + 1) - int(t));
        int size = int(P.pageSize), numPages = p_ < 0 ? 0 : p_ / size + 1, sinkPages = numPages, recentPage = 0;
        uint row = 0u, head = qoHead(i) / P.headsPerList;
        if (CHOSEN == 1u) {
            row = uint(slots_int(uint64_t(s)));
            numPages = counts_int(counts_at(row, head, 0u));
        } else if (STREAMING == 1u) {
            recentPage = max(0, p_ - int(P.recent) + 1) / size;
            sinkPages = min(recentPage, (int(P.sink) + size - 1) / size);
            numPages -= recentPage - sinkPages;
        }
        for (int n = int(split); n < numPages; n += int(SPLITS)) {
            int number = CHOSEN == 1u ? chosen_int(chosen_at(row, head, uint(n))) : n < sinkPages ? n : n - sinkPages + recentPage;
            uint64_t at = pageAddress(uint(s), uint(number * size));
            if ((uint(at) & 15u) == 0u) page(at, kvSlot(i / P.groupSize), number * size, true);
            else page(at, kvSlot(i / P.groupSize), number * size, false);
        }
    }
    UNROLL for (uint h = 0u; h < HEADS; h++) {
        meet(h, P.parts + 4 * ((uint64_t(t) * P.numServed * P.groupSize + i + h) * SPLITS + split) * (SPAN * 8u + 2u));
    }
}
