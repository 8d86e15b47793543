// Fragments as the hardware holds them. fragments_emulated.glsl has the same names.
//@ extension GL_KHR_cooperative_matrix
//@ extension GL_KHR_memory_scope_semantics
//@ extension GL_EXT_control_flow_attributes
#define UNROLL [[unroll]] // so that fragments are indexed by constants
#define LEFT coopmat<ELEMENT, gl_ScopeSubgroup, F, F, gl_MatrixUseA>
#define RIGHT coopmat<ELEMENT, gl_ScopeSubgroup, F, F, gl_MatrixUseB>
#define SUMS coopmat<float, gl_ScopeSubgroup, F, F, gl_MatrixUseAccumulator>
const uint MOST_HEAD_DIM = 128u;

// Places and strides of 16-bit tiles count vectors of eight, those of fp32 tiles elements.
#define LOAD_ROWS(m, tile, at, stride) coopMatLoad(m, tile, at, stride, gl_CooperativeMatrixLayoutRowMajor)
#define LOAD_COLUMNS(m, tile, at, stride) coopMatLoad(m, tile, at, stride, gl_CooperativeMatrixLayoutColumnMajor)
#define LOAD_SUMS(m, tile, at, stride) coopMatLoad(m, tile, at, stride, gl_CooperativeMatrixLayoutRowMajor)
#define STORE_SUMS(m, tile, at, stride) coopMatStore(m, tile, at, stride, gl_CooperativeMatrixLayoutRowMajor)

SUMS zeroSums() { return SUMS(0.0); }
SUMS multiplyAdd(LEFT a, RIGHT b, SUMS c) { return coopMatMulAdd(a, b, c); }
SUMS added(SUMS a, SUMS b) { return a + b; }
SUMS scaled(SUMS a, SUMS b) { return a * b; }
