// How blocks of Hopper kernels walk: over stages of a ring in shared memory, and over tiles of a result.
#pragma once
#include <cstdint>

namespace filigree {

/** Position in a ring of stages. */
template <int STAGES>
struct Ring {
    int stage = 0;
    uint32_t phase = 0;
    __device__ __forceinline__ void next() {
        if (++stage == STAGES) {
            stage = 0;
            phase ^= 1;
        }
    }
};

/**
 * The tiles of a block, in the order that it takes them: down strips of 16, so that what all blocks read at a time is about square and
 * stays in the L2 cache.
 */
template <int TILE_ROWS, int TILE_COLUMNS>
struct Tiles {
    static constexpr int STRIP = 16;
    int rows;
    int columns;
    int index;

    __device__ __forceinline__ Tiles(int numRows, int numColumns)
        : rows((numRows + TILE_ROWS - 1) / TILE_ROWS), columns((numColumns + TILE_COLUMNS - 1) / TILE_COLUMNS), index(blockIdx.x) {}

    __device__ __forceinline__ bool more() const { return index < rows * columns; }

    __device__ __forceinline__ void next() { index += gridDim.x; }

    /** First row and first column. */
    __device__ __forceinline__ int2 origin() const {
        int strip = index / (STRIP * columns);
        int within = index % (STRIP * columns);
        int high = min(STRIP, rows - strip * STRIP);
        return {(strip * STRIP + within % high) * TILE_ROWS, within / high * TILE_COLUMNS};
    }
};

}  // namespace filigree
