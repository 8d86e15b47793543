package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.backend.UnsupportedPlanException;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Backends with one defect outside of their kernels. */
final class DefectiveBackends {
    private DefectiveBackends() {}

    static final class LeakyBackend extends DelegatingBackend {
        LeakyBackend(Backend inner) {
            super(inner);
        }

        @Override
        public BufferScope openScope() {
            return new DelegatingScope(inner.openScope()) {
                @Override
                public void close() {}
            };
        }
    }

    static final class DirtyBackend extends DelegatingBackend {
        DirtyBackend(Backend inner) {
            super(inner);
        }

        @Override
        public BufferScope openScope() {
            return new DelegatingScope(inner.openScope()) {
                @Override
                public DeviceBuffer allocate(long sizeBytes) {
                    DeviceBuffer buffer = super.allocate(sizeBytes);
                    buffer.hostSegment().ifPresent(segment -> ContractMutants.touch(segment, 0));
                    return buffer;
                }
            };
        }
    }

    static final class WrongErrorBackend extends DelegatingBackend {
        WrongErrorBackend(Backend inner) {
            super(inner);
        }

        @Override
        public BufferScope openScope() {
            return new DelegatingScope(inner.openScope()) {
                @Override
                public DeviceBuffer allocate(long sizeBytes) {
                    try {
                        return super.allocate(sizeBytes);
                    } catch (OutOfMemoryException e) {
                        throw new IllegalStateException("driver error 2", e);
                    }
                }
            };
        }
    }

    static final class ShiftedUploads extends DelegatingBackend {
        ShiftedUploads(Backend inner) {
            super(inner);
        }

        @Override
        public BufferScope openScope() {
            return new DelegatingScope(inner.openScope()) {
                @Override
                public DeviceBuffer upload(MemorySegment data) {
                    DeviceBuffer buffer = super.allocate(data.byteSize());
                    MemorySegment.copy(data, 1, buffer.hostSegment().orElseThrow(), 0, data.byteSize() - 1);
                    return buffer;
                }
            };
        }
    }

    static final class PromisingBackend extends DelegatingBackend {
        PromisingBackend(Backend inner) {
            super(inner);
        }

        @Override
        public PreparedPlan prepare(Plan plan) {
            Op first = plan.ops().getFirst();
            if (first instanceof Linear) {
                Reason reason = Reason.of(Reason.Kind.SHAPE, "no tile fits");
                throw new UnsupportedPlanException(name(), plan.name(), List.of(reason));
            }
            return super.prepare(plan);
        }
    }

    static final class HastyBackend extends DelegatingBackend {
        HastyBackend(Backend inner) {
            super(inner);
        }

        @Override
        public PreparedPlan prepare(Plan plan) {
            return new MutantProvider.MutantPlan(plan, inner.prepare(plan), (prepared, stream, bindings, workspace) -> {
                for (TensorDecl decl : plan.tensors().all()) {
                    if (decl.role() == TensorRole.OUTPUT) {
                        bindings.buffer(decl.ref()).hostSegment().orElseThrow().fill((byte) 0);
                    }
                }
                prepared.run(stream, bindings, workspace);
            });
        }
    }

    static final class NamelessBackend extends DelegatingBackend {
        NamelessBackend(Backend inner) {
            super(inner);
        }

        @Override
        public PreparedPlan prepare(Plan plan) {
            return new MutantProvider.MutantPlan(plan, inner.prepare(plan), PreparedPlan::run) {
                @Override
                public List<String> kernelIds() {
                    return List.of();
                }
            };
        }
    }

    static final class LazyBackend extends DelegatingBackend {
        LazyBackend(Backend inner) {
            super(inner);
        }

        @Override
        public ExecutionStream openStream() {
            return new LazyStream(inner.openStream());
        }
    }
}
