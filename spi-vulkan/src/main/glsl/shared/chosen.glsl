// A set of block or page numbers in shared memory, 32 to a word.
shared uint bits[4096];

bool isIn(uint base, uint n) { return (bits[base + n / 32u] >> (n % 32u) & 1u) != 0u; }
void include(uint base, uint n) { atomicOr(bits[base + n / 32u], 1u << (n % 32u)); }
