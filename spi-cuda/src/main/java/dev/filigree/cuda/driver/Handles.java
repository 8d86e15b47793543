package dev.filigree.cuda.driver;

import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;

/** JCuda's opaque handles with their addresses, which calls through java.lang.foreign take. */
final class Handles {
    private Handles() {}

    static final class Stream extends CUstream {
        long address() {
            return getNativePointer();
        }
    }

    static final class Function extends CUfunction {
        long address() {
            return getNativePointer();
        }
    }

    static final class Graph extends CUgraph {
        long address() {
            return getNativePointer();
        }
    }

    static final class GraphExec extends CUgraphExec {
        long address() {
            return getNativePointer();
        }
    }
}
