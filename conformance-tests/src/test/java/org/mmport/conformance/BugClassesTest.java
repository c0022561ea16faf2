package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each class of bugs is told by the clauses meant for it, and they say so. */
class BugClassesTest {

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "1, FLUSH-20 FLUSH-21",
    "2, FMT-64 WALK-24",
    "3, WALK-21",
    "4, WALK-04 WALK-20",
    "5, FMT-35 FMT-81",
    "6, FMT-31 FMT-32 MAP-07",
    "7, FMT-43 MAP-08",
    "8, MAP-05",
    "9, MAP-09 MAP-10",
    "10, GEO-04 WALK-22 MAP-35",
    "11, GEO-01 WALK-07",
    "12, MAP-04",
    "13, FLUSH-25 FLUSH-26",
    "14, WALK-06",
    "15, FMT-44",
    "16, FMT-10 FMT-29",
    "17, WALK-23 MAP-15",
    "18, FMT-27",
    "19, FMT-21 WALK-08"
  })
  void isToldByClauses(int number, String ids) {
    List<String> named = BugClasses.clauses(number);
    for (String id : ids.split(" ", -1)) {
      assertTrue(
          named.contains(id), id + " is to name bug class " + number + "; it is named by " + named);
    }
  }

  @Test
  void thereAreNineteen() {
    assertEquals(19, BugClasses.NAMES.size());
    BugClasses.NAMES.forEach(
        (number, name) -> assertTrue(!BugClasses.clauses(number).isEmpty(), number + " " + name));
  }
}
