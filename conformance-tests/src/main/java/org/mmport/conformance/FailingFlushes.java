package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.Steps;
import org.mmport.scenario.Script;
import org.mmport.scenario.Step;
import org.mmport.spi.MmuVariant;

/**
 * Has the flushes of a step fail at the first CPU that they come to, at the second, until all were
 * done. Each time all must be sound and as it was before, and the step must do its work when it is
 * repeated.
 *
 * @param before a script that makes what the step changes
 * @param after one that fails where the step did not do its work, and ends all that there is
 */
record FailingFlushes(String before, String after) {
  void of(ClauseContext c, String step) {
    of(c, c.variant(), step);
  }

  /** The same on another variant. */
  void of(ClauseContext c, MmuVariant variant, String step) {
    each(c, variant, step, FailingFlushes::same);
  }

  /** The same of a step that may be done in part, such as a split before a copy. */
  void loseNothing(ClauseContext c, String step) {
    each(c, c.variant(), step, (context, was, is, what) -> {});
  }

  /** Compares what was with what is. */
  private interface Judge {
    void judge(ClauseContext c, List<String> was, List<String> is, String what);
  }

  private void each(ClauseContext c, MmuVariant variant, String step, Judge judge) {
    Script.Line line = Script.parse(List.of(step)).lines().getFirst();
    boolean failed = true;
    // Each of the first, and some of those after.
    for (int passing = 0; failed; passing += 1 + passing / 2) {
      Fault fault = new Fault();
      try (Scene scene = new Scene(c, variant, fault)) {
        play(scene, before);
        List<String> was = all(scene);
        failed = fails(scene, fault, line.step(), passing);
        if (failed) {
          String what = "'%s' with %d looks at a CPU".formatted(step, passing);
          scene.sound("when a flush failed in " + what);
          judge.judge(c, was, all(scene), what);
          scene.step(line);
        }
        // A step without any flush says nothing about flushes that fail.
        c.check(failed || passing > 0, "a flush in '%s'".formatted(step), "none");
        play(scene, after);
        long left = scene.bench().leaked();
        c.check(left == 0, "no frame in use after '%s'".formatted(step), left);
      }
    }
  }

  private static void play(Scene scene, String script) {
    Script.parse(script.lines().toList()).lines().forEach(scene::step);
    scene.sound("after '" + script.strip().replace("\n", "; ") + "'");
  }

  private static boolean fails(Scene scene, Fault fault, Step step, int passing) {
    fault.passing = passing;
    fault.armed = true;
    try {
      scene.bench().simulation().run(step);
      return false;
    } catch (FlushFailure e) {
      return true;
    } finally {
      fault.armed = false;
    }
  }

  /**
   * How many frames are in use, and what processes have, line by line. What was cached together is
   * young as a whole when it is taken apart.
   */
  private static List<String> all(Scene scene) {
    List<String> lines = new ArrayList<>();
    lines.add(scene.bench().leaked() + " frames in use");
    scene
        .bench()
        .simulation()
        .processes()
        .forEach(
            (name, process) ->
                new ProcessView(process)
                    .all()
                    .lines()
                    .forEach(
                        line -> lines.add(name + " " + line.replaceAll("young [a-z]+, ", ""))));
    return lines;
  }

  private static void same(ClauseContext c, List<String> was, List<String> is, String what) {
    for (int i = 0; i < Math.max(was.size(), is.size()); i++) {
      String before = i < was.size() ? was.get(i) : "nothing more";
      String now = i < is.size() ? is.get(i) : "nothing more";
      c.check(
          now.equals(before), "'%s' yet when a flush failed in %s".formatted(before, what), now);
    }
  }

  /** A flush that did not come about. */
  private static final class FlushFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    FlushFailure() {
      super("this flush fails");
    }
  }

  /** Keeps whoever has locks from the first CPU that he would flush. */
  private static final class Fault implements Steps {
    private boolean armed;
    private int passing;
    private int held;

    /** CPUs are told of folios and tables that are freed, too. */
    private boolean mayFree;

    @Override
    public void entry(Kind kind, long hostAddr) {
      mayFree = false;
    }

    @Override
    public void folio(Kind kind, long pfn) {
      mayFree = true;
    }

    @Override
    public void acquire(LockName lock) {
      if (lock.rank() != LockRank.CPU) {
        held++;
        mayFree |= lock.rank() == LockRank.TABLE_MEMORY;
      } else if (armed && held > 0 && !mayFree && passing-- == 0) {
        throw new FlushFailure();
      }
    }

    @Override
    public void release(LockName lock) {
      held -= lock.rank() == LockRank.CPU ? 0 : 1;
    }
  }
}
