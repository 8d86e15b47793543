package dev.filigree.api.plan;

import dev.filigree.api.op.Op;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * New names for the tensors and axes of a plan that becomes part of a larger one, possibly several times.
 *
 * @param joined tensors that stand for one the larger plan declares itself, such as a part's input
 * @param prefix put before the names of all others
 * @param axes new names of variable and fixed axes; axes that are not listed keep theirs
 */
public record Renaming(Map<TensorRef, TensorRef> joined, String prefix, Map<String, String> axes) {

    /** Copies the maps. */
    public Renaming {
        joined = Map.copyOf(joined);
        axes = Map.copyOf(axes);
    }

    /** The new name of a tensor. */
    public TensorRef apply(TensorRef ref) {
        TensorRef other = joined.get(ref);
        return other != null ? other : TensorRef.of(prefix + ref.name());
    }

    /** The declaration under its new names. */
    public TensorDecl apply(TensorDecl decl) {
        List<Dim> dims = decl.dims().stream()
                .map(d -> new Dim(axes.getOrDefault(d.axis(), d.axis()), d.size(), d.variable(), d.extra()))
                .toList();
        return new TensorDecl(apply(decl.ref()), decl.role(), decl.dtype(), dims, decl.strides());
    }

    /** The step over the renamed tensors. */
    public Op apply(Op op) {
        return (Op) rebuild((Record) op);
    }

    private Object value(Object old) {
        return switch (old) {
            case TensorRef ref -> apply(ref);
            case Optional<?> maybe -> maybe.map(this::value);
            case List<?> list -> list.stream().map(this::value).toList();
            case Record record -> rebuild(record);
            default -> old;
        };
    }

    /** Ops are records of records and names, so one walk serves the whole closed list. */
    private Object rebuild(Record record) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        try {
            for (int i = 0; i < components.length; i++) {
                values[i] = value(components[i].getAccessor().invoke(record));
            }
            Class<?>[] types =
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Constructor<? extends Record> canonical = record.getClass().getDeclaredConstructor(types);
            return canonical.newInstance(values);
        } catch (InvocationTargetException e) {
            throw new PlanException("renaming " + record + " breaks it: "
                    + e.getTargetException().getMessage());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("records of this module are open to it: " + record, e);
        }
    }
}
