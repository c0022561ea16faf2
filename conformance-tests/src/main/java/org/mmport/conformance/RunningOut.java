package org.mmport.conformance;

import java.util.List;
import org.mmport.scenario.Script;

/**
 * Has each allocation of a step fail in turn: the first, the second, until there are enough. Each
 * time all must be sound, a step that failed must have changed nothing, and nothing may be lost.
 *
 * @param before a script that makes what the step changes
 * @param asBefore one that fails where the step changed anything, and ends all that there is
 */
record RunningOut(String before, String asBefore) {
  void of(ClauseContext c, String step) {
    Script.Line line = Script.parse(List.of(step)).lines().getFirst();
    for (int permitted = 0; ; permitted++) {
      try (Scene scene = new Scene(c)) {
        scene.play(before);
        scene.bench().permitAllocations(permitted);
        String result = scene.bench().simulation().run(line.step()).toString();
        scene.bench().permitAllAllocations();
        scene.sound("after '%s' with %d allocations".formatted(step, permitted));
        if (!result.equals("out of memory")) {
          return;
        }
        scene.play(asBefore);
        long left = scene.bench().leaked();
        c.check(left == 0, "no frame in use after '%s'".formatted(step), left);
      }
    }
  }
}
