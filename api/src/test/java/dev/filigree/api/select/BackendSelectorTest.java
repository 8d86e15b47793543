package dev.filigree.api.select;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BackendSelectorTest {
    private static final Probe NO_DRIVER = new Probe.Unavailable(
            List.of(Reason.of(Reason.Kind.DEVICE, "no driver of version 580 or later was found")));

    /** A plan of one Add, and with it a plan of one Argmax. */
    private static List<Plan> plans(boolean argmax) {
        PlanBuilder builder = new PlanBuilder("p");
        TensorRef x = builder.declare("x", TensorRole.INPUT, DType.F32, Dim.fixed("n", 1), Dim.fixed("w", 2));
        TensorRef y = builder.declare("y", TensorRole.OUTPUT, DType.F32, Dim.fixed("n", 1), Dim.fixed("w", 2));
        TensorRef t = builder.declare("t", TensorRole.OUTPUT, DType.I32, Dim.fixed("n", 1));
        builder.add(new Add(x, x, y));
        return List.of(argmax ? builder.add(new Argmax(x, t)).build() : builder.build());
    }

    @Test
    void theHighestPriorityThatServesIsChosenAndTheOthersSayWhyNot() {
        FakeProvider gpu = FakeProvider.named("gpu", 400).probing(NO_DRIVER);
        FakeProvider partial = FakeProvider.named("partial", 300).without(Argmax.class);
        FakeProvider plain = FakeProvider.named("plain", 100);
        Selection selection =
                new BackendSelector(List.of(plain, gpu, partial)).select(BackendRequest.auto(), plans(true));
        assertEquals("plain", selection.backend().name());
        assertEquals(
                "backend plain on plain device (fake): highest priority that serves;"
                        + " not gpu: no driver of version 580 or later was found;"
                        + " not partial: Argmax: backend partial has no kernel for Argmax",
                selection.reason());
        assertEquals(0, gpu.opened());
        assertEquals(1, partial.closed(), "a backend that was looked at and refused is closed");
        selection.backend().close();
        assertEquals(1, plain.closed());
    }

    @Test
    void aNamedBackendServesOrIsAnError() {
        FakeProvider partial = FakeProvider.named("partial", 300).without(Argmax.class);
        BackendSelector selector = new BackendSelector(List.of(FakeProvider.named("plain", 100), partial));
        try (var backend =
                selector.select(BackendRequest.named("partial"), plans(false)).backend()) {
            assertEquals("partial", backend.name());
        }
        assertEquals(
                """
                backend partial (backend.name) cannot serve this run:
                  partial
                    FEATURE: Argmax: backend partial has no kernel for Argmax (config key backend.name)
                installed backends: partial, plain; change backend.name to choose another""",
                assertThrows(
                                NoBackendException.class,
                                () -> selector.select(BackendRequest.named("partial"), plans(true)))
                        .getMessage());
        assertEquals(
                """
                backend metal (backend.name) cannot serve this run:
                  metal
                    NOT_BUILT: no backend of that name is on the module path (config key backend.name)
                installed backends: partial, plain; change backend.name to choose another""",
                assertThrows(
                                NoBackendException.class,
                                () -> selector.select(BackendRequest.named("metal"), plans(false)))
                        .getMessage());
    }

    @Test
    void automaticChoiceThatFindsNoneListsAll() {
        FakeProvider old = FakeProvider.named("old", 500).version(7);
        BackendSelector selector =
                new BackendSelector(List.of(old, FakeProvider.named("gpu", 400).probing(NO_DRIVER)));
        assertEquals(
                """
                no backend can serve this run:
                  old
                    VERSION: it was built for SPI version 7, this is 1
                  gpu
                    DEVICE: no driver of version 580 or later was found
                installed backends: old, gpu; change backend.name to choose another""",
                assertThrows(NoBackendException.class, () -> selector.select(BackendRequest.auto(), plans(false)))
                        .getMessage());
        assertEquals(
                "no backend can serve this run:\ninstalled backends: none; change backend.name to choose another",
                assertThrows(
                                NoBackendException.class,
                                () -> new BackendSelector(List.of()).select(BackendRequest.auto(), plans(false)))
                        .getMessage());
    }

    @Test
    void softwareDevicesRunByNameAlone() {
        FakeProvider software = FakeProvider.named("software", 400).kind(DeviceInfo.Kind.SOFTWARE_GPU);
        BackendSelector selector = new BackendSelector(List.of(software, FakeProvider.named("plain", 100)));
        Selection auto = selector.select(BackendRequest.auto(), plans(false));
        assertEquals("plain", auto.backend().name());
        assertTrue(auto.reason().contains("not software: only the software device"), auto.reason());
        assertEquals(0, software.opened());
        assertEquals(
                "backend software on software device (fake): named by backend.name",
                selector.select(BackendRequest.named("software"), plans(false)).reason());
    }

    @Test
    void anOrderReplacesThePriorities() {
        BackendSelector selector =
                new BackendSelector(List.of(FakeProvider.named("a", 400), FakeProvider.named("b", 300)));
        BackendRequest request =
                new BackendRequest(Optional.empty(), List.of("missing", "b", "a"), BackendOptions.NONE, "backend.name");
        assertEquals("b", selector.select(request, plans(false)).backend().name());
    }

    @Test
    void automaticChoiceHandsABackendOnlyTheOptionsItKnows() {
        FakeProvider plain = FakeProvider.named("plain", 100);
        BackendSelector selector = new BackendSelector(List.of(plain));
        BackendOptions options = new BackendOptions(Map.of("threads", "2", "device", "1"));
        selector.select(new BackendRequest(Optional.empty(), List.of(), options, "backend.name"), plans(false));
        assertEquals(Map.of("threads", "2"), plain.options().values());
        selector.select(new BackendRequest(Optional.of("plain"), List.of(), options, "backend.name"), plans(false));
        assertEquals(options, plain.options());
    }

    @Test
    void optionsSayWhatTheyAccept() {
        BackendOptions options = new BackendOptions(Map.of("threads", "many", "slots", "9"));
        assertEquals(
                "backend.threads must be a whole number from 1 to 64, not \"many\"",
                assertThrows(IllegalArgumentException.class, () -> options.integer("threads", 1, 1, 64))
                        .getMessage());
        assertEquals(
                "backend.slots must be a whole number from 1 to 8, not \"9\"",
                assertThrows(IllegalArgumentException.class, () -> options.integer("slots", 1, 1, 8))
                        .getMessage());
        assertEquals(3, options.integer("absent", 3, 1, 8));
        assertEquals(
                "backend.slots is not an option of this backend; accepted are [threads]",
                assertThrows(IllegalArgumentException.class, () -> options.requireOnly(List.of("threads")))
                        .getMessage());
        assertFalse(options.values().isEmpty());
    }
}
