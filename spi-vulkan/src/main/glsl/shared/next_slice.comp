// Moves a launch that runs in slices to its next one: as many work groups as a slice has, or those that are left. One lane.
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Tally { uint x; uint y; uint z; uint first; uint size; uint total; };
const uint MOST_X = 32768u; // a slice of more is a multiple of it

void main() {
    Tally t = Tally(push.tally);
    uint first = min(t.total, t.first + t.size), count = min(t.size, t.total - first);
    t.first = first;
    t.x = min(count, MOST_X);
    t.y = (count + MOST_X - 1u) / MOST_X;
}
