import type { DataModel } from "../moonstone/_generated/dataModel";

export type City = DataModel["cities"];

export interface CityList {
  cities: City[];
  total: number;
}

const countryNames = new Intl.DisplayNames(["en"], { type: "region" });

export function countryName(code: string): string {
  try {
    return countryNames.of(code) ?? code;
  } catch {
    return code; // not an ISO code
  }
}

export function latitude(degrees: number): string {
  return `${Math.abs(degrees).toFixed(1)}° ${degrees < 0 ? "S" : "N"}`;
}

export function longitude(degrees: number): string {
  return `${Math.abs(degrees).toFixed(1)}° ${degrees < 0 ? "W" : "E"}`;
}

export function count(number: number): string {
  return number.toLocaleString("en");
}
