package dev.filigree.host.diffusion;

import dev.filigree.host.arrays.ArrayPlan;
import dev.filigree.host.picture.Picture;
import java.util.ArrayList;
import java.util.List;

/** One batch from noise to pictures. */
final class PaintRun {
    private final Painter painter;
    private final List<PaintRequest> requests;
    private final int first;
    private final int total;
    private final Painter.Observer observer;
    private final PaintWatcher watcher;
    private final Patches patches;

    /**
     * A batch.
     *
     * @param first index of its first picture in the whole request
     * @param total pictures of the whole request
     */
    PaintRun(
            Painter painter,
            List<PaintRequest> requests,
            int first,
            int total,
            Painter.Observer observer,
            PaintWatcher watcher) {
        this.painter = painter;
        this.requests = requests;
        this.first = first;
        this.total = total;
        this.observer = observer;
        this.watcher = watcher;
        patches = new Patches(painter.config());
    }

    List<Picture> paint(List<int[]> captions) {
        DitBatch batch = new DitBatch(painter.config(), painter.capacity(), captions);
        batch.loadCondition(painter.condition());
        painter.condition().run();
        observer.look(painter.condition(), batch.numWords());
        float[] state = noise();
        ArrayPlan loaded = null;
        for (int step = 0; step < painter.numSteps(); step++) {
            ArrayPlan plan = painter.step(step);
            if (plan != loaded) {
                batch.loadStep(plan, painter.shapes(batch.numSeqs(), step));
                loaded = plan;
            }
            if (step == 0) {
                plan.writeFloats(DitTensors.PICTURE, state);
            }
            batch.loadTime(plan, step);
            plan.run();
            observer.look(plan, batch.numTokens());
            seen(step, plan);
        }
        painter.step(painter.numSteps() - 1).readFloats(DitTensors.PICTURE, state);
        List<Picture> pictures = new ArrayList<>();
        int size = painter.config().imageSize();
        for (float[] values : pictures(state)) {
            pictures.add(new Picture(size, size, values));
        }
        return pictures;
    }

    private float[] noise() {
        int values = painter.config().pictureValues();
        float[] state = new float[requests.size() * values];
        for (int i = 0; i < requests.size(); i++) {
            patches.cut(requests.get(i).noise(), state, i * values);
        }
        return state;
    }

    private List<float[]> pictures(float[] state) {
        List<float[]> pictures = new ArrayList<>();
        int values = painter.config().pictureValues();
        for (int i = 0; i < requests.size(); i++) {
            float[] picture = new float[values];
            patches.join(state, i * values, picture);
            pictures.add(picture);
        }
        return pictures;
    }

    private void seen(int step, ArrayPlan plan) {
        if (watcher.wantsVelocity()) {
            float[] velocity = new float[requests.size() * painter.config().pictureValues()];
            plan.readFloats(DitTensors.VELOCITY, velocity);
            List<float[]> each = pictures(velocity);
            for (int i = 0; i < each.size(); i++) {
                watcher.onVelocity(step, first + i, each.get(i));
            }
        }
        long done = (long) first * painter.numSteps() + (long) requests.size() * (step + 1);
        watcher.onStep(done, (long) total * painter.numSteps());
    }
}
