// Matrices that a work group holds together, of the 16-bit type that the including shader names ELEMENT; sums in fp32
// (VK_NV_cooperative_matrix2). Tensor layouts load tiles: what lies outside a tensor becomes 0, and is not stored.
//@ extension GL_KHR_cooperative_matrix
//@ extension GL_KHR_memory_scope_semantics
//@ extension GL_NV_cooperative_matrix2
//@ spec ROWS
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Elements { ELEMENT v[]; };
layout(buffer_reference, std430, buffer_reference_align = 2) buffer Anywhere { ELEMENT v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Reals { float v[]; };

#define LEFT(columns) coopmat<ELEMENT, gl_ScopeWorkgroup, ROWS, columns, gl_MatrixUseA>
#define RIGHT(rows, columns) coopmat<ELEMENT, gl_ScopeWorkgroup, rows, columns, gl_MatrixUseB>
#define SUMS(columns) coopmat<float, gl_ScopeWorkgroup, ROWS, columns, gl_MatrixUseAccumulator>
#define ROUNDED(columns) coopmat<ELEMENT, gl_ScopeWorkgroup, ROWS, columns, gl_MatrixUseAccumulator>
#define CLAMPED tensorLayoutNV<2, gl_CooperativeMatrixClampModeConstantNV>
#define INSIDE tensorLayoutNV<2>
#define TURNED createTensorViewNV(2, false, 1, 0)

// Strides are multiples of eight elements; saying so lets the driver load 16 bytes at a time.
CLAMPED clamped(uint rows, uint columns, uint stride) {
    CLAMPED t = createTensorLayoutNV(2, gl_CooperativeMatrixClampModeConstantNV);
    t = setTensorLayoutDimensionNV(t, rows, columns);
    return setTensorLayoutStrideNV(t, stride & ~7u, 1u);
}

INSIDE inside(uint rows, uint columns, uint stride) {
    INSIDE t = createTensorLayoutNV(2);
    t = setTensorLayoutDimensionNV(t, rows, columns);
    return setTensorLayoutStrideNV(t, stride & ~7u, 1u);
}

// Rows are 16 bytes apart or a multiple of that, but a tensor may begin anywhere.
bool even(uint64_t at) { return (uint(at) & 15u) == 0u; }

float nearest(const in uint r, const in uint c, const in float x) { return NEAREST(x); }
float nearestEven(const in uint r, const in uint c, const in float x) { return uintBitsToFloat(floatToBf16(x) << 16); }

// Loads rows x columns from a tensor at an address, what lies outside as 0; TURNED takes the tile's rows for columns.
#define LOAD_ROWS(m, at, tensor, row, rows, column, columns) \
    if (even(at)) coopMatLoadTensorNV(m, Elements(at).v, 0, sliceTensorLayoutNV(tensor, row, rows, column, columns)); \
    else coopMatLoadTensorNV(m, Anywhere(at).v, 0, sliceTensorLayoutNV(tensor, row, rows, column, columns))
#define LOAD_TURNED(m, at, tensor, row, rows, column, columns) \
    if (even(at)) coopMatLoadTensorNV(m, Elements(at).v, 0, sliceTensorLayoutNV(tensor, row, rows, column, columns), TURNED); \
    else coopMatLoadTensorNV(m, Anywhere(at).v, 0, sliceTensorLayoutNV(tensor, row, rows, column, columns), TURNED)
#define STORE_ROWS(m, at, tensor, row, rows, column, columns) \
    if (even(at)) coopMatStoreTensorNV(m, Elements(at).v, 0, sliceTensorLayoutNV(tensor, row, rows, column, columns)); \
    else coopMatStoreTensorNV(m, Anywhere(at).v, 0, sliceTensorLayoutNV(tensor, row, rows, column, columns))
