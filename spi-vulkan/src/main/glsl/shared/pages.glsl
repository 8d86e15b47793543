// Keys and values in cache pages, at the offsets of KvPageLayout; KP and VP are 0 f32, 1 f16, 2 bf16, 3 int8, 4 int4.
//@ tensor pages
//@ tensor pageTable
//@ spec KP
//@ spec VP
//@ uint pageSize
//@ uint numPageHeads
//@ uint headDimQk
//@ uint headDimVo
//@ uint logicalPageSize
//@ uint ringPages
//@ uint sinkPages
//@ uint kScaleOffset
//@ uint kZeroOffset
//@ uint vDataOffset
//@ uint vScaleOffset
//@ uint vZeroOffset
//@ uint kMaxOffset
//@ uint kMinOffset

uint storageOf(uint stored) { return stored == 3u ? U8 : stored == 4u ? U4 : stored; }

// ringPages 0: every page in its own column.
uint columnOf(uint page) {
    return P.ringPages == 0u || page < P.sinkPages ? page : P.sinkPages + (page - P.sinkPages) % P.ringPages;
}

uint64_t pageAddress(uint s, uint position) {
    int page = pageTable_int(pageTable_at(s, columnOf(position / P.pageSize), 0u));
    return P.pages_AT + uint64_t(page) * P.pages_S0;
}

struct Vector { uint64_t data; uint64_t element; uint dtype; float scale; float zero; };

Vector keyOf(uint64_t page, uint head, uint slot) {
    uint64_t param = uint64_t(head) * P.pageSize + slot;
    Vector x = Vector(page, param * P.headDimQk, storageOf(KP), 1.0, 0.0);
    if (KP >= 3u) {
        x.scale = loadElement(page + P.kScaleOffset, F16, param);
        x.zero = loadElement(page + P.kZeroOffset, F16, param);
    }
    return x;
}

Vector valueOf(uint64_t page, uint head, uint slot) {
    uint64_t param = uint64_t(head) * P.pageSize + slot;
    Vector x = Vector(page + P.vDataOffset, param * P.headDimVo, storageOf(VP), 1.0, 0.0);
    if (VP >= 3u) {
        x.scale = loadElement(page + P.vScaleOffset, F16, param);
        x.zero = loadElement(page + P.vZeroOffset, F16, param);
    }
    return x;
}

float channel(Vector x, bool quantized, uint c) {
    precise float v = loadElement(x.data, x.dtype, x.element + c);
    if (quantized) {
        v = v - x.zero;
        v = v * x.scale;
    }
    return v;
}
