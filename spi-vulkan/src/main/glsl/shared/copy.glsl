// Copies bytes, four at a time where both ends allow it; one work group per CHUNK bytes.
const uint CHUNK = 16384u;

void copyBytes(uint64_t from, uint64_t to, uint start, uint size) {
    uint end = min(size, start + CHUNK);
    if (((uint(from) | uint(to) | size) & 3u) == 0u) {
        for (uint b = start + 4u * lane(); b < end; b += 4u * LANES) Word(to + b).v = Word(from + b).v;
    } else {
        for (uint b = start + lane(); b < end; b += LANES) Byte(to + b).v = Byte(from + b).v;
    }
}
