// Turns every head by its position: one thread per pair of channels, and per channel that passes through.
//@ tensor x
//@ tensor positions
//@ tensor out
#include "shared/rotate.glsl"

void main() {
    uint pairs = P.rotaryDim / 2u, perHead = pairs + P.x_N2 - P.rotaryDim;
    uint index = threadIndex();
    uint c = index % perHead, h = index / perHead % P.x_N1, t = index / perHead / P.x_N1;
    if (t >= P.x_N0) return;
    if (c >= pairs) {
        c += pairs;
        out_store(out_at(t, h, c), x_load(x_at(t, h, c)));
        return;
    }
    uvec2 at = pairOf(c);
    vec2 turned = rotated(c, positions_int(uint64_t(t)), x_load(x_at(t, h, at.x)), x_load(x_at(t, h, at.y)));
    out_store(out_at(t, h, at.x), turned.x);
    out_store(out_at(t, h, at.y), turned.y);
}
