// Rotation of a head vector by its position (RoFormer section 3.4.2), the same for Rope and KvAppend.
#pragma once

#include "rows.cuh"

namespace filigree {

// Passed by value; Rotations.java lays it out argument by argument.
struct Rotary {
    const Tensor* frequencies;
    int rotaryDim;  // 0: no rotation
    int halfSplit;
    float magnitude;
};

// Channel c of a vector after rotation; `channel(c)` reads the vector before it.
template <typename Channel>
__device__ inline float rotated(const Rotary& rotary, int position, int c, Channel channel) {
    if (c >= rotary.rotaryDim) {
        return channel(c);
    }
    const int half = rotary.rotaryDim / 2;
    const bool second = rotary.halfSplit ? c >= half : c & 1;
    const int pair = rotary.halfSplit ? (second ? c - half : c) : c >> 1;
    const int partner = rotary.halfSplit ? (second ? c - half : c + half) : c ^ 1;
    // The product is rounded to fp32 once, as the rule says; sinf and cosf reduce large angles exactly.
    const float frequency = load(*rotary.frequencies, at(*rotary.frequencies, pair));
    const float angle = static_cast<float>(static_cast<double>(position) * frequency);
    float sine;
    float cosine;
    sincosf(angle, &sine, &cosine);
    sine *= rotary.magnitude;
    cosine *= rotary.magnitude;
    const float own = channel(c);
    const float other = channel(partner);
    return second ? own * cosine + other * sine : own * cosine - other * sine;
}

}  // namespace filigree
